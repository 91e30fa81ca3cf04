/*
 * orderly - takes orders to deliver: the one that runs, or one that is started
 * to obey and deliver nothing.
 */
#ifndef TOOLS_ORDERLY_H
#define TOOLS_ORDERLY_H

#include <sys/types.h>
#include "lib/control.h"
#include "lib/mm.h"
#include "tools/configured.h"

struct orderly {
	int sock;
	pid_t pid;		/* of the one that was started; 0: none */
};

/* 0, or an exit code (it has been said why). */
MM_MUST_USE int orderly_open(struct orderly *o_r, const struct configured *c,
    const struct tailored_options *options);
/*
 * Asks, for a while again where it is busy.  0; -1 with errno where there is
 * no answer.
 */
MM_MUST_USE int orderly_ask(struct orderly *o,
    const struct control_request *r, struct control_answer *a_r);
void orderly_close(struct orderly *o);

#endif

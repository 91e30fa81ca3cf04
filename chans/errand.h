/*
 * errand - what a command of ch_pipe is told: its arguments, its variables,
 * and the lines before the message.
 */
#ifndef CHANS_ERRAND_H
#define CHANS_ERRAND_H

#include <stdbool.h>
#include <stddef.h>
#include "chans/chan.h"
#include "lib/buf.h"
#include "lib/mm.h"

struct errand {
	char **argv, **env;	/* null behind the last */
	struct buf head;
	struct buf arguments, variables;	/* their bytes */
};

/*
 * For n recipients of b from first on; those that errand_takes does not take
 * are left out.  0; or -1 with *a the answer for them all.  Free it in any
 * case.
 */
MM_MUST_USE int errand_make(struct errand *e_r, const struct chan *c,
    const struct chan_batch *b, size_t first, size_t n,
    struct chan_answer *a);
void errand_free(struct errand *e);
/*
 * Whether the recipient at that place may be an argument; if not, *a says
 * why: its address would be taken for an option.
 */
bool errand_takes(const struct chan *c, const struct chan_batch *b,
    size_t at, struct chan_answer *a);

#endif

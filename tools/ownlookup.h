/*
 * ownlookup - a lookup of one command's own, where no resident one answers.
 *
 * It has a socket in a folder that nobody else may enter, and ends when this
 * process does.
 */
#ifndef TOOLS_OWNLOOKUP_H
#define TOOLS_OWNLOOKUP_H

#include <sys/types.h>
#include "lib/plan.h"
#include "lib/mm.h"

#define OWNLOOKUP_FOLDER 64

struct ownlookup {
	char folder[OWNLOOKUP_FOLDER];	/* its socket is lookup in it; or "" */
	int control;
	pid_t pid;
};

/* record is tailor's.  0 when it is ready, or -1 with errno. */
MM_MUST_USE int ownlookup_start(struct ownlookup *l_r, const struct plan *plan,
    int record);
/* Harmless where none was started. */
void ownlookup_end(struct ownlookup *l);

#endif

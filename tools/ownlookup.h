/*
 * ownlookup - whom a command asks about names: the resident lookup, or one
 * of its own where that does not answer.
 *
 * Its own has a socket in a folder that nobody else may enter, and ends when
 * this process does.
 */
#ifndef TOOLS_OWNLOOKUP_H
#define TOOLS_OWNLOOKUP_H

#include <sys/types.h>
#include "lib/plan.h"
#include "lib/mm.h"

#define OWNLOOKUP_FOLDER 64

enum ownlookup_who { LOOKUP_NOBODY, LOOKUP_RESIDENT, LOOKUP_OWN };

struct ownlookup {
	enum ownlookup_who who;
	char jail[PLAN_PATH + 8];	/* the socket is lookup in it */
	char folder[OWNLOOKUP_FOLDER];	/* the same if it is our own; or "" */
	int control;
	pid_t pid;
};

/* record is tailor's.  If nobody can be asked, it says so. */
void ownlookup_find(struct ownlookup *l_r, const struct plan *plan,
    int record);
/* Harmless where none was started. */
void ownlookup_end(struct ownlookup *l);

#endif

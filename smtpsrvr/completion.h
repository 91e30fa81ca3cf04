/*
 * completion - whose messages are made complete while they pass (mend.h), and
 * with what: those of who has logged in, or of all who may relay.
 */
#ifndef SMTPSRVR_COMPLETION_H
#define SMTPSRVR_COMPLETION_H

#include "smtpsrvr/mend.h"

struct session;

struct completion {
	struct mend mend;
	struct buf out;		/* what it makes of in */
	char in[MEND_PIECE];	/* of the text as it came */
};

/* For the message that begins now; null where nothing is to be done. */
struct completion *completion_new(const struct session *s);
void completion_free(struct completion *c);

/* Does its header still pass? */
static inline bool
completion_active(const struct completion *c)
{
	return c != NULL && !c->mend.over;
}

#endif

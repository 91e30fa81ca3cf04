/*
 * selection - which messages of the queue an operator means.
 */
#ifndef TOOLS_SELECTION_H
#define TOOLS_SELECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/mm.h"
#include "tools/queued.h"
#include "tools/request.h"

/*
 * Texts are patterns as in a shell, with *, ? and [...], in any case; null
 * for any.  A message is meant if all of it holds, what is about recipients of
 * one that is not done.
 */
struct selection {
	const char *sender, *recipient, *channel, *login;
	const char *reason;	/* of the last failure: a part of its text */
	int64_t older, newer;	/* seconds; -1: none */
	char **ids;		/* or null */
	int nids;
	bool over;		/* that very login, and held over its rates */
	bool some;		/* there is any condition at all */
};

/* From options and identifiers; -1 with a reason. */
MM_MUST_USE int selection_make(struct selection *s_r, const struct request *r,
    char **ids, int nids, char *why_r, size_t size);
/* But for the identifiers; q is whole, now in microseconds since 1970. */
bool selection_holds(const struct selection *s, const struct queued *q,
    int64_t now);
/* Is it one of the identifiers, or are there none? */
bool selection_names(const struct selection *s, const char *id);

#endif

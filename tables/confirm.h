/*
 * confirm - the name of an address, confirmed by asking for the addresses of
 * that name again (as RFC 8601 2.7.3 calls "iprev").
 *
 * Anybody can let his address point to any name; only a name that points
 * back is worth something.
 */
#ifndef TABLES_CONFIRM_H
#define TABLES_CONFIRM_H

#include <stdbool.h>
#include <stdint.h>
#include "lib/ask.h"
#include "tables/query.h"

#define CONFIRM_MOST 1024	/* look-ups at once */
#define CONFIRM_LATER 5		/* seconds that a failure is believed */

struct verdict {
	int outcome;		/* enum ask_outcome; hosts.h: ask_host */
	uint32_t ttl;		/* seconds that it may be believed */
	bool differs;		/* ASK_NONE: there are names, none confirms */
	char name[256];		/* ASK_FOUND: lower case, no trailing dot */
	const struct ask_list *list;	/* lister.h, else null */
};

/* Look-ups under way; live counts those that still wait for a server. */
struct confirms {
	struct dns *dns;
	int live;
	struct dnsmsg_want self;	/* names and addresses of this host */
};

/*
 * done is called once, later or at once.  Certain verdicts only: where a
 * server did not answer and its answer could matter, it is ASK_LATER.
 */
void confirm_start(struct confirms *s, const struct netaddr *a,
    void (*done)(void *arg, const struct verdict *v), void *arg);

#endif

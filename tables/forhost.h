/*
 * forhost - the settings in force for a client that has a row in
 * host-settings, or variables that rules of libwrap set.
 *
 * Both smtpsrvr and submit find them with this.  Most clients have neither,
 * and cost one look-up at most.
 */
#ifndef TABLES_FORHOST_H
#define TABLES_FORHOST_H

#include "lib/layered.h"
#include "lib/reply.h"
#include "tables/site.h"

/* What is known of the client once its channel is. */
struct forhost_client {
	int listener, channel;	/* indexes, or -1 */
	const char *table;	/* the host-settings for these, or "" */
	const struct netaddr *peer;	/* family 0: none */
	const char *name;	/* confirmed, or "" */
	bool unnamed;		/* its name could not be found out */
	const struct variables *environment;	/* or null */
};

struct forhost {
	struct layered in;	/* in.v: the settings in force */
	const struct tb *table;	/* that has the row; null: there is none */
	int line;
	char key[256];		/* what was looked for in it */
	char row[LAYERED_ROW];
	struct variables rules;
};

/*
 * Looks for the row: of the address, its longest prefix, the name, a domain
 * above it.  0: *h_r is null if there is none.  -1: what the client is told,
 * for now, with why_r for the log.
 */
MM_MUST_USE int forhost_find(const struct site *s,
    const struct forhost_client *c, struct forhost **h_r,
    struct reply *reply_r, char why_r[LAYERED_WHY]);
/*
 * Adds what rules set: *h_io may be null and then is made.  -1 as above, with
 * *h_io of no more use but to be freed.
 */
MM_MUST_USE int forhost_rules(const struct site *s,
    const struct forhost_client *c, const struct variables *rules,
    struct forhost **h_io, struct reply *reply_r, char why_r[LAYERED_WHY]);
void forhost_free(struct forhost *h);

#endif

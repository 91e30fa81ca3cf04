/*
 * route - from a recipient to destination channels, and whether mail from
 * that source channel may go there.
 *
 * smtpsrvr answers RCPT with this, submit decides with it again at the
 * commit, and inlet check simulates with it: one code, the same tables.
 */
#ifndef TABLES_ROUTE_H
#define TABLES_ROUTE_H

#include <stdbool.h>
#include "lib/path.h"
#include "lib/reply.h"
#include "tables/site.h"

#define ROUTE_MOST 1000		/* addresses that one recipient expands to */
#define ROUTE_DEPTH 10		/* aliases of aliases */

/* One destination. */
struct route {
	int channel;			/* index in conf->channels */
	char host[PATH_DOMAIN_MOST + 1];
	char address[PATH_TEXT];	/* where it goes, after aliases */
	char mailbox[PATH_TEXT];	/* program local: DOMAIN/USER */
};

struct routes {
	size_t n, room;
	struct route *at;
};

void routes_free(struct routes *r);
void routes_reset(struct routes *r);

/*
 * source is the source channel's index, or -1 for our own notices (which may
 * go anywhere).  uncertain: see source.h.
 * 0 and RECIPIENT_OK with one or more routes added (r may be null), or -1
 * with the refusal, permanent or temporary.
 */
MM_MUST_USE int route_recipient(const struct site *s, int source,
    bool uncertain, const struct mailbox *to, struct routes *r,
    struct reply *reply_r);

/* May mail from source go to destination?  The closed default. */
bool route_allowed(const struct conf *c, int source, int destination);

/*
 * USER as a folder name: lower case; letters, digits and . _ + - = stay
 * (no leading dot), all other bytes become %XX.  -1 if it would be too long.
 */
MM_MUST_USE int route_mailbox_name(const struct mailbox *m, char *dst,
    size_t size);

#endif

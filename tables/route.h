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
#include "tables/authorise.h"

#define ROUTE_MOST 1000		/* addresses that one recipient expands to */
#define ROUTE_DEPTH 10		/* aliases of aliases */
#define ROUTES_MOST 20000	/* in one struct routes */

/* One destination. */
struct route {
	int channel;			/* index in conf->channels */
	char host[PATH_DOMAIN_MOST + 1];
	char address[PATH_TEXT];	/* where it goes, after aliases */
	/*
	 * Program local: the folder below mail-directory, which the row in
	 * mailboxes says, else DOMAIN/USER: lower case; letters, digits and
	 * . _ + - = stay (but for a leading dot), other bytes become %XX.
	 */
	char mailbox[PATH_TEXT];
};

struct routes {
	size_t n, room;
	struct route *at;
};

void routes_free(struct routes *r);
void routes_reset(struct routes *r);

/*
 * from->channel is -1 for our own notices, which may go anywhere.  A client
 * that may relay and has a relay-suffix: to gets that first.
 * 0 and RECIPIENT_OK with one or more routes added (r may be null), or -1
 * with the refusal, permanent or temporary, and r as it was.
 *
 * The destination is the first channel, in the order of the configuration,
 * whose table holds the domain and that authorise() lets it go to.  Where
 * its program is local, the keys below are looked for among its aliases and
 * then among its mailboxes (x: the extension, if there is one):
 *
 *	user+x@domain  user@domain  user+x  user  @domain
 *
 * A target of an alias is routed as our own notices are; one that goes
 * nowhere is left out, unless none goes anywhere.  An alias that comes back
 * to an address it came from means that address's mailbox.
 *
 * why_r may be null.  Its modes and tell are always set, and where there are
 * modes, the rest: of the channel chosen, else of the first that refused.
 */
MM_MUST_USE int route_recipient(const struct site *s,
    const struct sending *from, const struct mailbox *to, struct routes *r,
    struct reply *reply_r, struct authorised *why_r);

#endif

/*
 * envelope - what is said to senders, recipients and names in HELO wherever
 * the mail goes: by settings and tables alone, nothing is asked.
 *
 * smtpsrvr asks these one by one; submit asks those about senders and
 * recipients again, for a session may have let anything pass.
 *
 * Each gives 0, or -1 with the refusal and its reason.  A permanent one is
 * UNCERTAIN if the source channel, whose settings count, is not certain.
 */
#ifndef TABLES_ENVELOPE_H
#define TABLES_ENVELOPE_H

#include "lib/reply.h"
#include "tables/authorise.h"

struct envelope {
	const struct site *site;
	const struct settings *set;	/* in force for the source channel */
	struct sending from;
	bool listed;	/* the source channel's table holds the client */
};

MM_MUST_USE int envelope_sender_null(const struct envelope *e,
    struct reply *r);
MM_MUST_USE int envelope_sender_refuse(const struct envelope *e,
    struct reply *r);
MM_MUST_USE int envelope_sender_literal(const struct envelope *e,
    struct reply *r);
MM_MUST_USE int envelope_sender_domain(const struct envelope *e,
    struct reply *r);
MM_MUST_USE int envelope_sender_own(const struct envelope *e,
    struct reply *r);
/* All of these. */
MM_MUST_USE int envelope_sender(const struct envelope *e, struct reply *r);

MM_MUST_USE int envelope_recipient_refuse(const struct envelope *e,
    const struct mailbox *to, struct reply *r);
/*
 * Is it taken whatever is said of the sender (delay-refusals; RFC 5321 4.5.1)?
 */
bool envelope_postmaster(const struct envelope *e, const struct mailbox *to);

/* helo as the client said it; local: the address it connected to. */
MM_MUST_USE int envelope_helo_refuse(const struct envelope *e,
    const char *helo, struct reply *r);
MM_MUST_USE int envelope_helo_own(const struct envelope *e, const char *helo,
    const struct netaddr *local, struct reply *r);

/*
 * Is it a domain in the table of a channel whose program is local?  TB_LATER
 * with the refusal.
 */
enum tb_answer envelope_ours(const struct envelope *e, const char *domain,
    struct reply *r);
/* Always -1; text is the argument of the reply's own. */
int envelope_no(const struct envelope *e, struct reply *r,
    enum reply_name name, const char *text, const char *reason);

#endif

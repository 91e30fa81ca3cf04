/*
 * consult - the way from a session to lookup.
 */
#ifndef SMTPSRVR_CONSULT_H
#define SMTPSRVR_CONSULT_H

#include "lib/ask.h"
#include "smtpsrvr/session.h"

/* A connection to lookup, for the caller to close; -1 if there is none. */
MM_MUST_USE int consult_lookup(const struct server *v);

/*
 * Asks about the name of a host or a domain: ASK_HOST or ASK_MAIL.  a: null,
 * or an address; then *differs_r tells whether it is none of the host's.  Any
 * trouble is ASK_HOST_LATER.
 */
enum ask_host consult_host(struct session *s, enum ask_kind kind,
    const char *name, const struct netaddr *a, bool *differs_r);

/*
 * Makes A-labels of a domain beyond ASCII (RFC 6531 3.2).  -1 with the
 * refusal, bad if it is none.
 */
MM_MUST_USE int consult_domain(struct session *s, struct mailbox *m,
    enum reply_name bad, struct reply *reply_r);

/*
 * Is the client spared what is asked about strangers: has it logged in, is it
 * a trusted channel's, or no host of the network?
 */
bool consult_spares(const struct session *s);

/* To whoever looks on; us: since then. */
void consult_told(struct session *s, int64_t began, const char *question,
    const char *answer);

#endif

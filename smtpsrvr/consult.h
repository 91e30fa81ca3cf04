/*
 * consult - the way from a session to lookup.
 *
 * One connection for all that is asked about one command: none keeps a place
 * at lookup while its client is waited for.
 */
#ifndef SMTPSRVR_CONSULT_H
#define SMTPSRVR_CONSULT_H

#include "lib/ask.h"
#include "smtpsrvr/session.h"

/* The connection to lookup, made where there is none; -1. */
MM_MUST_USE int consult_lookup(struct session *s);
/*
 * Closes it: the command is done; or a question was left without an answer,
 * which must not come to be another's.
 */
void consult_done(struct session *s);

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

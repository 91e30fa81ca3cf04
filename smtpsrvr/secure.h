/*
 * secure - from a plain session to one over TLS.
 */
#ifndef SMTPSRVR_SECURE_H
#define SMTPSRVR_SECURE_H

#include "smtpsrvr/session.h"

/* Could it be done: certificates, wanted, and not done yet? */
bool secure_possible(const struct session *s);
/* Reaches for keysrvr; 0, or -1 (logged). */
MM_MUST_USE int secure_begin(struct session *s);
/*
 * After it: the handshake.  Then the session knows nothing of its client but
 * its address (RFC 3207 4.2).  When it fails the connection is lost.
 */
void secure_handshake(struct session *s);

#endif

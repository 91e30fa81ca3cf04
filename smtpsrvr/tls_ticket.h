/*
 * tls_ticket - session tickets: a client that comes back proves with one that
 * it was here, and no signature is made (RFC 8446 2.2).
 */
#ifndef SMTPSRVR_TLS_TICKET_H
#define SMTPSRVR_TLS_TICKET_H

#include <openssl/ssl.h>
#include "lib/settings.h"
#include "smtpsrvr/tls_key.h"

/* For all of ctx; which do is said by tls_ticket_allow().  0 or -1. */
MM_MUST_USE int tls_ticket_setup(SSL_CTX *ctx, struct tls_keys *keys,
    int64_t life_ms);
/*
 * ssl takes tickets and gives one.  They are good where what set says of TLS
 * is the same, and for the name that the client asked for.  0 or -1.
 */
MM_MUST_USE int tls_ticket_allow(SSL *ssl, const struct settings *set);
/* Before ServerHello, once the version is known: not in old ones. */
void tls_ticket_reconsider(SSL *ssl);

#endif

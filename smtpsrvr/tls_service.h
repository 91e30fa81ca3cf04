/*
 * tls_service - the OpenSSL half of tls.h: contexts, certificates, choices.
 */
#ifndef SMTPSRVR_TLS_SERVICE_H
#define SMTPSRVR_TLS_SERVICE_H

#include "lib/buf.h"
#include "lib/conf.h"
#include "smtpsrvr/tls.h"

/*
 * Reads the certificates of the setting.  Then v->open works, for whoever
 * has the key server's socket named keys below a jail.  Null with why.
 */
struct tls_service *tls_service_new(const struct conf *c, const char *keys,
    struct buf *why_r);
/*
 * A handshake in memory for each certificate, with the key server's help:
 * proves that it has the key, and makes all that OpenSSL makes but once, so
 * that sessions find it done.  0, or -1 with why.
 */
MM_MUST_USE int tls_service_try(struct tls_service *v, const char *jail,
    struct buf *why_r);
/* Which of the certificates end soon: expiry.h. */
void tls_service_tell(const struct tls_service *v, const struct conf *c,
    const char *run_directory);

#endif

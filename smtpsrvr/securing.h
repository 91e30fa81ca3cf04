/*
 * securing - how smtpsrvr comes to TLS.
 *
 * There are two programs of one source: smtpsrvr without OpenSSL, which can be
 * static and whose forks pay for nothing, and smtpsrvr-tls with it, always
 * dynamic, so that a new OpenSSL is in force when it is installed.  The first
 * becomes the second where the configuration has certificates.
 */
#ifndef SMTPSRVR_SECURING_H
#define SMTPSRVR_SECURING_H

#include "lib/buf.h"
#include "lib/conf.h"
#include "smtpsrvr/keys.h"
#include "smtpsrvr/tls.h"

/*
 * If c has certificates: in smtpsrvr, executes smtpsrvr-tls with the same
 * arguments and descriptors, and only comes back, with errno, if that fails;
 * in smtpsrvr-tls nothing.
 */
void securing_program(const struct conf *c, const struct plan *p,
    char *const argv[]);
/*
 * What c's certificates need: a key server, which record and log are for, and
 * a service that was tried.  Before confinement.  Null with why.
 */
struct tls_service *securing_begin(const struct conf *c, const struct plan *p,
    const char *jail, int record, int log, struct keysrvr *k_r,
    struct buf *why_r);
/* Logs what is soon to be done about the certificates; once a day. */
void securing_tell(const struct tls_service *v, const struct conf *c,
    const struct plan *p);

#endif

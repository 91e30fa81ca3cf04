/*
 * expiry - how long certificates hold, and saying so before they end.
 */
#ifndef SMTPSRVR_EXPIRY_H
#define SMTPSRVR_EXPIRY_H

#include "lib/conf.h"
#include "smtpsrvr/certs.h"

/* Whole days until it ends; negative if it has. */
long expiry_days(const X509 *cert);
/*
 * Logs which of the server's certificates end within tls-warn, and what is
 * wrong with their OCSP responses, but once a day: a file in the run
 * directory has when it was last done.  Before confinement.
 */
void expiry_tell(const struct conf *c, const struct cert *certs, size_t n,
    const char *run_directory);

#endif

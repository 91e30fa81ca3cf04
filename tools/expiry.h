/*
 * expiry - how long a certificate holds.
 */
#ifndef TOOLS_EXPIRY_H
#define TOOLS_EXPIRY_H

#include <openssl/x509.h>

/* Whole days until it ends; negative if it has. */
long expiry_days(const X509 *cert);

#endif

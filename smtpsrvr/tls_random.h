/*
 * tls_random - OpenSSL's random bytes straight from the kernel: processes
 * that were forked from one have no generator's state in common, and none is
 * seeded in each.
 */
#ifndef SMTPSRVR_TLS_RANDOM_H
#define SMTPSRVR_TLS_RANDOM_H

/* Before OpenSSL is used for anything; 0 or -1. */
int tls_random(void);

#endif

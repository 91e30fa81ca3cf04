/*
 * networks - lists of addresses and prefixes, as settings have them.
 */
#ifndef LIB_NETWORKS_H
#define LIB_NETWORKS_H

#include "lib/net.h"
#include "lib/settings.h"

/* "192.0.2.1" or "192.0.2.0/24"; 0 or -1. */
MM_MUST_USE int networks_parse(const char *text, struct netaddr *a_r,
    int *bits_r);
/* Is the host in one of them?  An address of family 0 is in none. */
bool networks_hold(const struct strings *l, const struct netaddr *host);

#endif

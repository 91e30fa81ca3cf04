/*
 * etrn - which domains' mail a channel's hosts may start (RFC 1985).
 *
 * The table of the setting etrn holds them: "example.org", ".example.org" for
 * each domain below it, "@example.org" for it and all below it at once.
 */
#ifndef TABLES_ETRN_H
#define TABLES_ETRN_H

#include "lib/reply.h"
#include "tables/site.h"

/*
 * node is what stands behind ETRN, in lower case: "example.org" or
 * "@example.org".  0, or -1 with the refusal.
 */
MM_MUST_USE int etrn_permits(const struct site *s, const char *table,
    const char *node, struct reply *r);

#endif

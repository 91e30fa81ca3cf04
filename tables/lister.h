/*
 * lister - the hosts that take a domain's mail, or the addresses of a host,
 * for those who send there (lib/ask.h, ASK_MX and ASK_ADDRESSES).
 */
#ifndef TABLES_LISTER_H
#define TABLES_LISTER_H

#include "tables/confirm.h"

/*
 * done is called once, later or at once, with an enum ask_host, and a list
 * (which stays until done returns) if it is ASK_HOST_FOUND.
 */
void lister_start(struct confirms *s, enum ask_kind kind,
    const struct dnsname *name,
    void (*done)(void *arg, const struct verdict *v), void *arg);

#endif

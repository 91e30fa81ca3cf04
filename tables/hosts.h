/*
 * hosts - questions about the name of a host or a domain: is it there, can
 * mail be sent to it, and to another host than this one.
 */
#ifndef TABLES_HOSTS_H
#define TABLES_HOSTS_H

#include "lib/settings.h"
#include "tables/confirm.h"

/* This machine, for ASK_AWAY: its name, more names, and addresses. */
void host_self(struct confirms *s, const char *hostname,
    const struct strings *more);

/*
 * kind, address and name as in lib/ask.h; name is one for dnsname_parse().
 * done is called once, later or at once, with an enum ask_host.
 */
void host_start(struct confirms *s, enum ask_kind kind,
    const struct netaddr *a, const struct dnsname *name,
    void (*done)(void *arg, const struct verdict *v), void *arg);

#endif

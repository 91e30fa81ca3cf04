/*
 * dns - questions to name servers: the only module that knows c-ares.
 *
 * No search domains, no hosts file: only the name service.  Its sockets are
 * in the caller's epoll set; the caller hands back their events and calls
 * dns_tick when dns_wait says so.
 */
#ifndef TABLES_DNS_H
#define TABLES_DNS_H

#include <stdint.h>
#include "lib/buf.h"
#include "lib/settings.h"
#include "tables/dnsmsg.h"

struct dns;

/*
 * servers as the dns-servers setting has them ("192.0.2.53",
 * "192.0.2.53:5353", "[2001:db8::1]:5353"); none: those of the resolver
 * file at path, which is read again when it has changed.  timeout_ms is what
 * one question may take in all.  data is what epoll events of our sockets
 * carry in their upper 32 bits.  Null with a reason.
 */
struct dns *dns_new(const struct strings *servers, const char *path,
    int64_t timeout_ms, int epoll, uint32_t data, struct buf *why_r);

/*
 * Asks; done is called once, later or at once, with the answer's bytes, or
 * null if there was none that can be used (no server answered, or it could
 * not say).
 */
void dns_ask(struct dns *d, const struct dnsname *name, enum dnsmsg_type type,
    void (*done)(void *arg, const uint8_t *p, size_t len), void *arg);

/* An event of one of our sockets: the lower half of its data. */
void dns_event(struct dns *d, uint32_t low, uint32_t events);
/* Milliseconds until dns_tick is due, at most most. */
int dns_wait(const struct dns *d, int most);
void dns_tick(struct dns *d, int64_t now);
/* The servers in use, for the log. */
const char *dns_servers(const struct dns *d);

#endif

/*
 * query - one question to the name service, with the aliases that it leads
 * to.
 */
#ifndef TABLES_QUERY_H
#define TABLES_QUERY_H

#include "tables/dns.h"

/* Part of whoever asks, who stays until done was called. */
struct query {
	struct dns *dns;
	enum dnsmsg_type type;
	const struct dnsmsg_want *want;	/* or null; stays as long */
	void (*done)(void *arg, const struct dnsmsg *m);
	void *arg;
	struct dnsname at;	/* what is being asked for */
	uint32_t ttl;		/* of the aliases so far */
	int hops;
};

/*
 * With dns, type, want, done and arg set.  done is called once, later or at
 * once: DNSMSG_DATA, DNSMSG_NONE or DNSMSG_BAD (no answer to be had, or too
 * many aliases), with the least TTL on the way.
 */
void query_start(struct query *q, const struct dnsname *name);

#endif

/*
 * query - asks, and asks again for what an alias leads to (RFC 1034 3.6.2).
 *
 * A chain of aliases that does not end is a failure, not an absence.
 */
#include "config.h"

#include <stddef.h>
#include "tables/query.h"

static void
answered(void *arg, const uint8_t *p, size_t len)
{
	struct query *q = arg;
	struct dnsmsg m = { .outcome = DNSMSG_BAD };

	if (p != NULL)
		dnsmsg_read(p, len, &q->at, q->type, q->want, &m);
	if (m.outcome != DNSMSG_BAD && m.ttl < q->ttl)
		q->ttl = m.ttl;
	if (m.outcome == DNSMSG_ALIAS && ++q->hops <= DNSMSG_HOPS) {
		q->at = m.alias;
		dns_ask(q->dns, &q->at, q->type, answered, q);
		return;
	}
	if (m.outcome == DNSMSG_ALIAS)
		m.outcome = DNSMSG_BAD;
	m.ttl = q->ttl;
	q->done(q->arg, &m);
}

void
query_start(struct query *q, const struct dnsname *name)
{
	q->at = *name;
	q->ttl = UINT32_MAX;
	q->hops = 0;
	dns_ask(q->dns, &q->at, q->type, answered, q);
}

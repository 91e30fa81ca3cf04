/*
 * fetch - one question, and every record of the answer (RFC 1035 3.3).
 *
 * Runs in lookup.  What a list of hosts answers that is no address of lists
 * (RFC 5782 2.1; a domain that was sold answers anything, and some lists say
 * "you ask too much" so) is an error, whatever else is beside it.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "lib/xalloc.h"
#include "tables/fetch.h"

struct fetch {
	struct confirms *set;
	enum records_type type;
	void (*done)(void *arg, const struct cache_data *d, uint32_t ttl);
	void *arg;
	struct dnsmsg_raw raw;
	struct dnsmsg_want want;
	struct query query;
	struct buf found;
};

static const enum dnsmsg_type types[] = {
	[RECORDS_A] = DNSMSG_A,
	[RECORDS_AAAA] = DNSMSG_AAAA,
	[RECORDS_MX] = DNSMSG_MX,
	[RECORDS_PTR] = DNSMSG_PTR,
	[RECORDS_TXT] = DNSMSG_TXT,
	[RECORDS_SPF] = DNSMSG_TXT,
	[RECORDS_LISTED] = DNSMSG_A
};

static bool
lists(const uint8_t ip[4])
{
	return ip[0] == 127 && !(ip[1] == 255 && ip[2] == 255);
}

static bool
is_error(const struct buf *b)
{
	const struct records_got all = { .len = (uint16_t)b->len,
	    .p = (const uint8_t *)b->p };
	const uint8_t *ip;
	size_t at = 0, len;

	while (records_next(&all, &at, &ip, &len))
		if (!lists(ip))
			return true;
	return false;
}

static void
got(void *arg, const struct dnsmsg *m)
{
	struct fetch *f = arg;
	struct cache_data d = { .outcome = RECORDS_LATER };
	uint32_t ttl = m->ttl;

	if (m->outcome == DNSMSG_NONE) {
		d.outcome = RECORDS_NONE;
	} else if (m->outcome != DNSMSG_DATA) {
		ttl = CONFIRM_LATER;
	} else {
		d = (struct cache_data){ .outcome = f->found.len > 0 ||
		    f->raw.cut ? RECORDS_FOUND : RECORDS_NONE,
		    .cut = f->raw.cut, .len = f->found.len,
		    .p = (const uint8_t *)f->found.p };
		if (f->type == RECORDS_LISTED && is_error(&f->found))
			d = (struct cache_data){ .outcome = RECORDS_ERROR };
	}
	f->set->live--;
	f->done(f->arg, &d, ttl);
	buf_free(&f->found);
	free(f);
}

void
fetch_start(struct confirms *set, enum records_type type,
    const struct dnsname *name, void (*done)(void *arg,
    const struct cache_data *d, uint32_t ttl), void *arg)
{
	const struct cache_data later = { .outcome = RECORDS_LATER };
	struct fetch *f;

	if (set->live >= CONFIRM_MOST) {
		done(arg, &later, 0);
		return;
	}
	set->live++;
	f = xcalloc(1, sizeof(*f));
	f->set = set;
	f->type = type;
	f->done = done;
	f->arg = arg;
	buf_init(&f->found, RECORDS_DATA);
	f->raw.b = &f->found;
	f->raw.spf = type == RECORDS_SPF;
	f->want.raw = &f->raw;
	f->query = (struct query){ .dns = set->dns, .type = types[type],
	    .want = &f->want, .done = got, .arg = f };
	query_start(&f->query, name);
}

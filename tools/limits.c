/*
 * limits - what a running server counts.
 *
 * Runs as the submit user where it can.  Keys are what clients are called:
 * they reach nobody unescaped.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/failures.h"
#include "lib/text.h"
#include "lib/xalloc.h"
#include "tools/limits.h"

int
limits_filter(const struct conf *c, const char *word,
    struct limits_filter *f_r)
{
	int channel = conf_channel(c, word);

	*f_r = (struct limits_filter){ .channel = NULL };
	if (channel >= 0) {
		f_r->channel = &c->channels[channel];
		return 0;
	}
	if (net_parse(word, &f_r->net) == 0) {
		f_r->bits = net_bits(&f_r->net);
		return 0;
	}
	return net_parse_prefix(word, &f_r->net, &f_r->bits);
}

/* Is one of the two within the other? */
static bool
overlap(const struct netaddr *a, int abits, const struct netaddr *b,
    int bbits)
{
	int bits = abits < bbits ? abits : bbits;
	struct netaddr x, y;

	if (a->family != b->family)
		return false;
	x = net_prefix(a, bits);
	y = net_prefix(b, bits);
	return net_same_host(&x, &y);
}

/* Is something of that section and key about what is asked for? */
static bool
wanted(const struct limits_filter *f, int scope, const char *section,
    const char *key)
{
	char place[COUNTS_TEXT];
	struct netaddr a;
	int bits;

	if (f->channel != NULL)
		return scope == CHANNEL &&
		    strcmp(section, f->channel->title) == 0;
	if (f->net.family == 0)
		return true;
	/* Of failed logins a login may follow the prefix. */
	snprintf(place, sizeof(place), "%.*s", (int)strcspn(key, " "), key);
	if (net_parse(place, &a) == 0)
		bits = net_bits(&a);
	else if (net_parse_prefix(place, &a, &bits) != 0)
		return false;
	return overlap(&f->net, f->bits, &a, bits);
}

/* Connections, as the session table has them. */
struct live {
	size_t n;
	struct connection {
		struct netaddr peer;
		bool by_host;	/* it is a client's */
		const struct section *listener, *channel;	/* or null */
	} *at;
};

static const struct section *
section_at(struct section *list, int n, int32_t i)
{
	return i >= 0 && i < n ? &list[i] : NULL;
}

static struct live
find_live(const struct limits_view *v)
{
	struct live l = { .at = xcalloc(v->nrows, sizeof(*l.at)) };
	struct row r;

	for (uint32_t i = 0; i < v->nrows; i++) {
		struct connection *c = &l.at[l.n];

		if (!rows_see(v->rows, v->nrows, i, &r))
			continue;
		l.n++;
		*c = (struct connection){ .peer = r.told == 0 ? r.peer :
		    r.client,
			.by_host = r.told % 2 == 0,
			.listener = section_at(v->conf->listeners,
			    v->conf->nlisteners, r.counted_listener),
			.channel = section_at(v->conf->channels,
			    v->conf->nchannels, r.counted_channel) };
		c->peer.port = 0;
	}
	return l;
}

static uint32_t
how_many(const struct live *l, const struct limits_filter *f)
{
	uint32_t n = 0;

	for (size_t i = 0; i < l->n; i++) {
		const struct connection *c = &l->at[i];

		n += (f->channel == NULL || c->channel == f->channel) &&
		    (f->net.family == 0 || overlap(&f->net, f->bits,
		    &c->peer, net_bits(&c->peer)));
	}
	return n;
}

static bool
is_in(const struct connection *c, const struct section *s)
{
	return s->scope == SERVER || c->listener == s || c->channel == s;
}

static struct limits_tally *
add(struct limits_list *l, const struct section *of, uint32_t most)
{
	l->at = xresize(l->at, l->n + 1, sizeof(*l->at));
	l->at[l->n] = (struct limits_tally){ .of = of, .most = most };
	return &l->at[l->n++];
}

/* A limit that stands in that section; the server has all of them. */
static uint32_t
own(const struct section *s, enum setting_id id, int64_t value)
{
	return s->scope == SERVER || s->from[id].file != NULL ?
	    (uint32_t)value : 0;
}

static void
tally_section(const struct live *l, const struct section *s,
    struct limits_list *to)
{
	struct limits_tally *t = add(to, s, own(s, SETTING_max_connections,
	    s->v.max_connections));

	for (size_t i = 0; i < l->n; i++)
		t->value += is_in(&l->at[i], s);
	if (t->value == 0 && t->most == 0)
		to->n--;
}

static int
by_address(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct netaddr));
}

/* Connections of one section by address (bits 0) or prefix. */
static void
tally_hosts(const struct live *l, const struct section *s,
    const struct settings *server, bool prefix, uint32_t most,
    struct limits_list *to)
{
	struct netaddr *key = xcalloc(l->n, sizeof(*key));
	struct limits_tally *t = NULL;
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++) {
		const struct netaddr *a = &l->at[i].peer;
		int bits = (int)(a->family == 6 ? server->prefix_length_ipv6 :
		    server->prefix_length_ipv4);

		if (l->at[i].by_host && is_in(&l->at[i], s))
			key[n++] = net_prefix(a, prefix ? bits : net_bits(a));
	}
	qsort(key, n, sizeof(*key), by_address);
	for (size_t i = 0; i < n; i++) {
		char text[NET_TEXT];

		if (i > 0 && by_address(&key[i - 1], &key[i]) == 0) {
			t->value++;
			continue;
		}
		t = add(to, s, most);
		t->value = 1;
		net_text(&key[i], text);
		if (!prefix)
			snprintf(t->key, sizeof(t->key), "%s", text);
		else
			snprintf(t->key, sizeof(t->key), "%s/%d", text,
			    (int)(key[i].family == 6 ?
			    server->prefix_length_ipv6 :
			    server->prefix_length_ipv4));
	}
	free(key);
}

/* What max-prefix-share leaves a prefix: smtpd/limits.c has the same. */
static uint32_t
share(const struct limits_view *v)
{
	int64_t n = v->shown.most *
	    v->conf->server.v.max_prefix_share / 100;

	return n > 0 ? (uint32_t)n : 1;
}

static void
tally_hosts_of(const struct limits_view *v, const struct live *l,
    const struct section *s, struct limits_seen *to)
{
	uint32_t address = own(s, SETTING_max_connections_per_address,
	    s->v.max_connections_per_address);
	uint32_t prefix = own(s, SETTING_max_connections_per_prefix,
	    s->v.max_connections_per_prefix);
	const struct settings *server = &v->conf->server.v;

	if (s->scope == SERVER && prefix > share(v))
		prefix = share(v);
	if (address > 0)
		tally_hosts(l, s, server, false, address, &to->addresses);
	if (prefix > 0)
		tally_hosts(l, s, server, true, prefix, &to->prefixes);
}

/* The fullest first; a / b > c / d without dividing. */
static int
by_fullness(const void *a, const void *b)
{
	const struct limits_tally *x = a, *y = b;
	uint64_t left = (uint64_t)x->value * (y->most > 0 ? y->most : 1);
	uint64_t right = (uint64_t)y->value * (x->most > 0 ? x->most : 1);

	if (left != right)
		return left > right ? -1 : 1;
	return strcmp(x->key, y->key);
}

/* What is asked for; hosts are sorted. */
static void
choose(struct limits_list *l, const struct limits_filter *f, bool hosts)
{
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++)
		if (wanted(f, (int)l->at[i].of->scope, l->at[i].of->title,
		    l->at[i].key))
			l->at[n++] = l->at[i];
	l->n = n;
	if (n > 0 && hosts)
		qsort(l->at, n, sizeof(*l->at), by_fullness);
}

static void
look_connections(const struct limits_view *v, struct limits_seen *s)
{
	struct conf *c = v->conf;
	struct live l = find_live(v);

	s->connections = how_many(&l, &s->filter);
	tally_hosts_of(v, &l, &c->server, s);
	for (int i = 0; i < c->nlisteners; i++) {
		tally_section(&l, &c->listeners[i], &s->listeners);
		tally_hosts_of(v, &l, &c->listeners[i], s);
	}
	for (int i = 0; i < c->nchannels; i++) {
		tally_section(&l, &c->channels[i], &s->channels);
		tally_hosts_of(v, &l, &c->channels[i], s);
	}
	choose(&s->listeners, &s->filter, false);
	choose(&s->channels, &s->filter, false);
	choose(&s->addresses, &s->filter, true);
	choose(&s->prefixes, &s->filter, true);
	free(l.at);
}

/* Rules together, their fullest keys first. */
static int
by_rule(const void *a, const void *b)
{
	const struct counts_row *x = &((const struct limits_count *)a)->row;
	const struct counts_row *y = &((const struct limits_count *)b)->row;
	uint64_t left, right;
	int rule;

	if (x->what != y->what)
		return x->what < y->what ? -1 : 1;
	if (x->scope != y->scope)
		return x->scope < y->scope ? -1 : 1;
	rule = strcmp(x->section, y->section);
	if (rule != 0)
		return rule;
	if (x->by != y->by)
		return x->by < y->by ? -1 : 1;
	if (x->period_ms != y->period_ms)
		return x->period_ms < y->period_ms ? -1 : 1;
	left = (uint64_t)x->count * y->most;
	right = (uint64_t)y->count * x->most;
	if (left != right)
		return left > right ? -1 : 1;
	return strcmp(x->text, y->text);
}

static void
look_table(const struct limits_view *v, int which, int64_t now,
    struct limits_seen *s)
{
	const struct counts *t = v->table[which];
	struct limits_count c;

	for (uint32_t i = 0; i < counts_room(t); i++) {
		if (!counts_row(t, i, &c.row))
			continue;
		counts_read(&c.row, now, &c.now);
		if (c.now.value == 0)
			continue;
		s->used[which]++;
		if (!wanted(&s->filter, c.row.scope, c.row.section,
		    c.row.text))
			continue;
		c.left_ms = c.now.free_ms > 0 ? c.now.free_ms :
		    c.row.begin_ms + c.row.period_ms - now;
		s->counts = xresize(s->counts, s->ncounts + 1,
		    sizeof(*s->counts));
		s->counts[s->ncounts++] = c;
	}
}

const char *
limits_rule(const struct counts_row *r, char dst[RATE_TEXT])
{
	struct rate rate = { .what = r->what, .by = r->by, .most = r->most,
		.period_ms = r->period_ms };
	char period[24];

	if (r->what != COUNTS_LOGINS)
		return rate_text(&rate, dst);
	text_from_duration(period, sizeof(period), r->period_ms);
	snprintf(dst, RATE_TEXT, "failed logins per %s %" PRIu32 "/%s",
	    failures_text((enum failures_of)r->by), r->most, period);
	return dst;
}

void
limits_look(const struct limits_view *v, const struct limits_filter *f,
    struct limits_seen *s_r)
{
	int64_t now = counts_now();

	*s_r = (struct limits_seen){ .filter = *f, .load = -1 };
	look_connections(v, s_r);
	for (int i = 0; i < LIMITS_TABLES; i++)
		look_table(v, i, now, s_r);
	if (s_r->ncounts > 0)
		qsort(s_r->counts, s_r->ncounts, sizeof(*s_r->counts),
		    by_rule);
	s_r->space_known = space_seen(v->table[LIMITS_SUBMIT], clock_ms(),
	    &s_r->space);
	s_r->stress_known = stress_seen(v->table[LIMITS_SUBMIT], clock_ms(),
	    &s_r->stress);
	if (getloadavg(&s_r->load, 1) != 1)
		s_r->load = -1;
}

void
limits_free(struct limits_seen *s)
{
	free(s->listeners.at);
	free(s->channels.at);
	free(s->addresses.at);
	free(s->prefixes.at);
	free(s->counts);
	*s = (struct limits_seen){ .connections = 0 };
}

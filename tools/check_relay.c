/*
 * check_relay - the open-relay self-test: simulated strangers, at every
 * listener, try to have mail sent on.
 *
 * Decides nothing itself: source_find() and route_recipient() are the
 * session's own, over the same tables.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include "lib/text.h"
#include "tables/route.h"
#include "tables/source.h"
#include "tools/check.h"

#define WHY_MOST 4096
#define OURS_MOST 24		/* domains of ours that are tried */
#define OURS_A_TABLE 2
#define RECIPIENT (2 * PATH_TEXT)

/* Nobody's domains: under a top level that a careless table might hold. */
static const char *const outside[] = {
	"inlet-relay-check.example", "inlet-relay-check.com",
	"inlet-relay-check.net", "inlet-relay-check.org",
};
static const char *const outside_literals[] = {
	"[198.51.100.25]", "[IPv6:2001:db8::25]",
};

/* Ways that have made relays; \1 is ours, \2 outside. */
static const char *const tricks[] = {
	"<user%\2@\1>", "<\"user@\2\"@\1>", "<\2!user@\1>",
	"<\"\2!user\"@\1>", "<\"user%\2\"@\1>", "<@\1:user@\2>",
	"<@\2:user@\1>", "<user%\2%\1@\1>",
};

/*
 * Hosts all over the Internet: who holds two of these holds it all.  The
 * last ones are for documentation, which tests of a configuration may use.
 */
static const struct {
	const char *address;
	bool documentation;
} strangers[] = {
	{ "1.2.3.4", false }, { "23.45.67.89", false },
	{ "46.8.15.16", false }, { "65.43.21.1", false },
	{ "81.2.69.142", false }, { "104.5.6.7", false },
	{ "133.7.8.9", false }, { "151.9.10.11", false },
	{ "177.11.12.13", false }, { "201.13.14.15", false },
	{ "2001:4ff::1", false }, { "2403:5::1", false },
	{ "2604:7::1", false }, { "2804:9::1", false },
	{ "2a03:b::1", false }, { "2c0f:d::1", false },
	{ "192.0.2.1", true }, { "198.51.100.1", true },
	{ "203.0.113.1", true }, { "2001:db8::1", true },
};

struct relay {
	const struct check *k;
	int listener;
	bool finicky;
	struct source_list list;
	const char (*ours)[PATH_DOMAIN_MOST + 1];
	int nours;
	int held[CONF_CHANNELS];	/* strangers in that channel's table */
	bool seen[CONF_CHANNELS][2];	/* tried, certain and uncertain */
	int tried, open, passed;
	bool refused;		/* a stranger was not let in */
	struct routes routes;
};

/* Our domains: the host's name, and some of each channel's table. */
struct domains {
	char name[OURS_MOST][PATH_DOMAIN_MOST + 1];
	int n, of_table;
};

static int
add_domain(void *arg, const char *key, size_t klen, const char *value,
    size_t vlen, int line)
{
	struct domains *d = arg;
	char *name = d->name[d->n];
	int parent = klen > 0 && key[0] == '.';

	(void)value, (void)vlen, (void)line;
	if (d->n == OURS_MOST || d->of_table == OURS_A_TABLE)
		return 1;
	snprintf(name, sizeof(d->name[0]), "%s%.*s", parent ? "host" : "",
	    (int)klen, key);
	if (!path_is_domain(name, strlen(name)))
		return 0;
	d->n++;
	d->of_table++;
	return 0;
}

static void
find_domains(const struct check *k, struct domains *d)
{
	d->n = 0;
	if (text_copy(d->name[0], sizeof(d->name[0]),
	    k->conf->server.v.hostname) == 0)
		d->n = 1;
	for (int i = 0; i < k->conf->nchannels; i++) {
		struct tb *t = site_table(k->site,
		    k->conf->channels[i].v.table);

		d->of_table = 0;
		if (t != NULL)
			(void)tb_walk(t, add_domain, d);
	}
}

static bool
is_local(const struct conf *c, int channel)
{
	return strcmp(c->channels[channel].v.program, "local") == 0;
}

/* The setting that lets mail from source go to channel to. */
static struct origin
allowed_by(const struct conf *c, int source, int to)
{
	const struct section *from = &c->channels[source],
	    *dest = &c->channels[to];

	if (dest->from[SETTING_accept_from].file != NULL)
		return dest->from[SETTING_accept_from];
	if (from->from[SETTING_relay].file != NULL)
		return from->from[SETTING_relay];
	return from->where;
}

/* Where an accepted recipient would go. */
static void
judge(struct relay *t, int source, const char *recipient, const char *foreign)
{
	const struct conf *c = t->k->conf;

	for (size_t i = 0; i < t->routes.n; i++) {
		const struct route *r = &t->routes.at[i];

		if (is_local(c, r->channel))
			continue;
		if (!text_same(r->host, foreign)) {
			t->passed++;
			continue;
		}
		t->open++;
		finding(t->k->f, FINDING_ERROR,
		    allowed_by(c, source, r->channel), "OPEN RELAY: listener "
		    "\"%s\": a stranger, channel \"%s\", may send to %s "
		    "through channel \"%s\"",
		    c->listeners[t->listener].title,
		    c->channels[source].title, recipient,
		    c->channels[r->channel].title);
	}
}

static void
attempt(struct relay *t, const struct source *s, const char *recipient,
    const char *foreign)
{
	struct mailbox m;
	struct reply reply;
	size_t end;

	t->tried++;
	if (path_parse(recipient, strlen(recipient), PATH_FORWARD, &m, &end) !=
	    PATH_OK)
		return;		/* 501 */
	routes_reset(&t->routes);
	if (route_recipient(t->k->site, s->channel, s->uncertain, &m,
	    &t->routes, &reply) == 0)
		judge(t, s->channel, recipient, foreign);
}

/* -1 if it would be longer than b may get. */
static int
fill_in(struct buf *b, const char *trick, const char *ours,
    const char *foreign)
{
	int bad = 0;

	buf_reset(b);
	for (; *trick != '\0' && bad == 0; trick++)
		bad = *trick == '\1' ? buf_adds(b, ours) :
		    *trick == '\2' ? buf_adds(b, foreign) :
		    buf_addc(b, *trick);
	return bad;
}

static void
attempt_tricks(struct relay *t, const struct source *s, const char *foreign)
{
	struct buf b;

	buf_init(&b, RECIPIENT);
	for (int o = 0; o < t->nours; o++)
		for (size_t i = 0; i < ARRAY_LEN(tricks); i++)
			if (fill_in(&b, tricks[i], t->ours[o], foreign) == 0)
				attempt(t, s, buf_str(&b), foreign);
	buf_free(&b);
}

static void
attempt_all(struct relay *t, const struct source *s)
{
	char recipient[RECIPIENT];

	for (size_t i = 0; i < ARRAY_LEN(outside); i++) {
		snprintf(recipient, sizeof(recipient), "<user@%s>",
		    outside[i]);
		attempt(t, s, recipient, outside[i]);
	}
	for (size_t i = 0; i < ARRAY_LEN(outside_literals); i++) {
		snprintf(recipient, sizeof(recipient), "<user@%s>",
		    outside_literals[i]);
		attempt(t, s, recipient, outside_literals[i]);
	}
	attempt_tricks(t, s, outside[0]);
}

/* Whoever is taken for channel, with who as an example of them. */
static void
try_source(struct relay *t, const struct source *s, const char *who)
{
	const struct section *from;

	if (s->channel < 0) {
		t->refused = true;
		return;
	}
	if (t->seen[s->channel][s->uncertain])
		return;
	t->seen[s->channel][s->uncertain] = true;
	from = &t->k->conf->channels[s->channel];
	if (from->v.relay) {
		t->seen[s->channel][true] = t->seen[s->channel][false] = true;
		t->open++;
		finding(t->k->f, FINDING_ERROR, from->from[SETTING_relay],
		    "OPEN RELAY: listener \"%s\": a stranger (%s) is taken "
		    "for a host of channel \"%s\", and its relay = yes lets "
		    "everybody send anywhere",
		    t->k->conf->listeners[t->listener].title, who,
		    from->title);
		return;
	}
	attempt_all(t, s);
}

/* By address alone: nobody's name confirms. */
static void
try_addresses(struct relay *t)
{
	struct netaddr a;
	struct source s;

	for (size_t i = 0; i < ARRAY_LEN(strangers); i++) {
		if (net_parse(strangers[i].address, &a) != 0)
			continue;
		source_find(t->k->site, &t->list, &a, ASK_NONE, "",
		    t->finicky, &s);
		if (!s.found)
			try_source(t, &s, strangers[i].address);
		else if (!strangers[i].documentation &&
		    ++t->held[s.channel] == 2)
			try_source(t, &s, strangers[i].address);
		source_find(t->k->site, &t->list, &a, ASK_LATER, "",
		    t->finicky, &s);
		if (!s.found)
			try_source(t, &s, "whose name cannot be looked up");
	}
}

static void
try_names(struct relay *t)
{
	char name[PATH_DOMAIN_MOST + 1];
	struct netaddr a;
	struct source s;

	if (net_parse(strangers[0].address, &a) != 0)
		return;
	for (size_t i = 0; i < ARRAY_LEN(outside); i++) {
		snprintf(name, sizeof(name), "mail.%s", outside[i]);
		source_find(t->k->site, &t->list, &a, ASK_FOUND, name,
		    t->finicky, &s);
		try_source(t, &s, name);
	}
}

/* A choice, but one to know of. */
static void
tell_accepting(const struct relay *t)
{
	const struct conf *c = t->k->conf;

	for (int from = 0; from < c->nchannels; from++) {
		if (!t->seen[from][false] && !t->seen[from][true])
			continue;
		for (int to = 0; to < c->nchannels; to++)
			if (!is_local(c, to) && !c->channels[from].v.relay &&
			    route_allowed(c, from, to))
				finding(t->k->f, FINDING_NOTE,
				    allowed_by(c, from, to), "listener "
				    "\"%s\": strangers may send to the "
				    "domains of channel \"%s\"",
				    c->listeners[t->listener].title,
				    c->channels[to].title);
	}
}

static void
try_listener(struct relay *t)
{
	const struct section *l = &t->k->conf->listeners[t->listener];
	struct settings v;
	struct buf why;
	int bad;

	buf_init(&why, WHY_MOST);
	bad = source_channels(t->k->conf, t->listener, "", &t->list, &why);
	buf_free(&why);
	if (bad != 0)
		return;		/* check_channels has said so */
	conf_effective(t->k->conf, t->listener, -1, &v);
	t->finicky = v.finicky;
	try_addresses(t);
	try_names(t);
	tell_accepting(t);
	if (t->passed > 0)
		finding(t->k->f, FINDING_NOTE, l->where, "listener \"%s\": "
		    "addresses like user%%domain are passed on to hosts of "
		    "ours, which must not relay for them", l->title);
	if (t->open == 0)
		finding(t->k->f, FINDING_OK, l->where, "listener \"%s\": "
		    "strangers cannot relay: %d recipients tried%s", l->title,
		    t->tried, t->refused ? ", some strangers not let in" : "");
}

void
check_relay(const struct check *k)
{
	struct domains d;

	find_domains(k, &d);
	for (int i = 0; i < k->conf->nlisteners; i++) {
		struct relay t = { .k = k, .listener = i,
		    .ours = (const char (*)[PATH_DOMAIN_MOST + 1])d.name,
		    .nours = d.n };

		try_listener(&t);
		routes_free(&t.routes);
	}
}

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
#define CLAIMS_MOST 24		/* senders that are tried */
#define CLAIMS_A_TABLE 2
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
	const struct claims *claims;
	const struct netaddr *peer;	/* of the stranger that is tried */
	const char *name;
	int held[CONF_CHANNELS];	/* strangers in that channel's table */
	bool seen[CONF_CHANNELS][2];	/* tried, certain and uncertain */
	int tried, open, passed;
	bool refused;		/* a stranger was not let in */
	struct routes routes;
};

/*
 * Senders that some authorise-table has: anybody can say to be one of them.
 * The first is the null sender.
 */
struct claims {
	struct mailbox sender[CLAIMS_MOST];
	int n, of_table;
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

static int
add_claim(void *arg, const char *key, size_t klen, const char *value,
    size_t vlen, int line)
{
	struct claims *l = arg;
	char address[PATH_TEXT];

	(void)value, (void)vlen, (void)line;
	if (l->n == CLAIMS_MOST || l->of_table == CLAIMS_A_TABLE)
		return 1;
	(void)snprintf(address, sizeof(address), "%s%.*s",
	    key[0] == '@' ? "user" : "", (int)klen, key);
	if (path_parse_bare(address, &l->sender[l->n]) != PATH_OK)
		return 0;
	l->n++;
	l->of_table++;
	return 0;
}

static void
find_claims(const struct check *k, struct claims *l)
{
	memset(l, 0, sizeof(*l));
	l->n = 1;
	for (int i = 0; i < k->conf->nchannels; i++) {
		struct tb *t = k->site->channels[i].users;

		l->of_table = 0;
		if (t != NULL && k->site->authorises)
			(void)tb_walk(t, add_claim, l);
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
	const struct origin settings[] = {
		dest->from[SETTING_accept_from], dest->from[SETTING_authorise],
		from->from[SETTING_authorise], from->from[SETTING_relay],
	};

	for (size_t i = 0; i < ARRAY_LEN(settings); i++)
		if (settings[i].file != NULL)
			return settings[i];
	return from->where;
}

/* Where an accepted recipient would go. */
static void
judge(struct relay *t, int source, const char *recipient, const char *foreign,
    const struct mailbox *sender)
{
	const struct conf *c = t->k->conf;
	char text[PATH_TEXT];

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
		    "\"%s\": a stranger, channel \"%s\", may send%s%s to %s "
		    "through channel \"%s\"",
		    c->listeners[t->listener].title,
		    c->channels[source].title,
		    sender->domain[0] != '\0' ? " as " : "",
		    path_text(sender, text), recipient,
		    c->channels[r->channel].title);
	}
}

static void
attempt(struct relay *t, const struct source *s, const char *recipient,
    const char *foreign)
{
	struct sending from = { .channel = s->channel,
	    .uncertain = s->uncertain, .unnamed = s->unnamed,
	    .peer = *t->peer, .name = t->name };
	struct mailbox m;
	struct reply reply;
	size_t end;
	int open = t->open;

	t->tried++;
	if (path_parse(recipient, strlen(recipient), PATH_FORWARD, &m, &end) !=
	    PATH_OK)
		return;		/* 501 */
	for (int i = 0; i < t->claims->n && t->open == open; i++) {
		from.sender = &t->claims->sender[i];
		routes_reset(&t->routes);
		if (route_recipient(t->k->site, &from, &m, &t->routes, &reply,
		    NULL) == 0)
			judge(t, s->channel, recipient, foreign, from.sender);
	}
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
	if (authorise_relays(t->k->conf, s->channel)) {
		t->seen[s->channel][true] = t->seen[s->channel][false] = true;
		t->open++;
		finding(t->k->f, FINDING_ERROR, from->from[from->v.relay ?
		    SETTING_relay : SETTING_authorise],
		    "OPEN RELAY: listener \"%s\": a stranger (%s) is taken "
		    "for a host of channel \"%s\", and its %s lets "
		    "everybody send anywhere",
		    t->k->conf->listeners[t->listener].title, who,
		    from->title, from->v.relay ? "relay = yes" :
		    "authorise = free");
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
		t->peer = &a;
		t->name = "";
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
	t->peer = NULL;
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
		t->peer = &a;
		t->name = name;
		source_find(t->k->site, &t->list, &a, ASK_FOUND, name,
		    t->finicky, &s);
		try_source(t, &s, name);
	}
	t->peer = NULL;
	t->name = "";
}

/* A choice, but one to know of. */
static void
tell_accepting_one(const struct relay *t, int from, int to)
{
	const struct conf *c = t->k->conf;
	bool modes = authorise_by_modes(t->k->site, from, to);

	if (c->channels[to].v.program[0] != '\0' &&
	    (modes || authorise_simple(c, from, to)))
		finding(t->k->f, FINDING_NOTE, allowed_by(c, from, to),
		    "listener \"%s\": strangers may send to the domains of "
		    "channel \"%s\"%s", c->listeners[t->listener].title,
		    c->channels[to].title, modes ?
		    ", as far as authorise and its tables let them" : "");
}

static void
tell_accepting(const struct relay *t)
{
	const struct conf *c = t->k->conf;

	for (int from = 0; from < c->nchannels; from++) {
		if (!t->seen[from][false] && !t->seen[from][true])
			continue;
		for (int to = 0; to < c->nchannels; to++)
			if (!is_local(c, to) && !authorise_relays(c, from))
				tell_accepting_one(t, from, to);
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
	conf_effective(t->k->conf, t->listener, source_last(&t->list), &v);
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
	struct claims claims;

	find_domains(k, &d);
	find_claims(k, &claims);
	for (int i = 0; i < k->conf->nlisteners; i++) {
		struct relay t = { .k = k, .listener = i,
		    .ours = (const char (*)[PATH_DOMAIN_MOST + 1])d.name,
		    .nours = d.n, .claims = &claims };

		try_listener(&t);
		routes_free(&t.routes);
	}
}

/*
 * guard - see guard.h.
 *
 * Whoever guesses from many places is stopped at each of them, by the limits
 * of address and prefix; whoever guesses at one login from many more places
 * than there are limits for, by the limit of the login.  That one bars nobody
 * by itself, or it would be a way to lock its owner out: it only lets each
 * prefix fail once.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <errno.h>
#include <unistd.h>

#include "authsrvr/guard.h"
#include "lib/authproto.h"
#include "lib/counts.h"
#include "lib/failures.h"
#include "lib/log.h"
#include "lib/networks.h"
#include "lib/text.h"
#include "lib/xalloc.h"

#define DOUBLINGS 4
#define KEY (AUTH_LOGIN + NET_TEXT + 16)

struct guard {
	struct counts *counts;
	const struct strings *spared;	/* reserved-peers */
	struct failures_limit limits[FAILURES_KINDS];
	int prefix4, prefix6;
	int64_t delay;
};

/* What is not counted has period 0. */
struct keys {
	char text[FAILURES_KINDS][KEY];
	bool there[FAILURES_KINDS];
};

static struct counts *
own_table(uint32_t rows)
{
	struct counts *counts;
	int to_write, to_read;

	if (counts_make("inlet-auth-counts", rows, &to_write, &to_read) != 0)
		return NULL;
	counts = counts_open(to_write, true);
	close(to_write);
	close(to_read);
	return counts;
}

struct guard *
guard_new(const struct conf *c, int table)
{
	const struct settings *v = &c->server.v;
	struct guard *g = xcalloc(1, sizeof(*g));
	struct failures_limit limit;
	enum failures_of of;
	char why[200];

	for (size_t i = 0; i < v->auth_failures.n; i++)
		if (failures_parse(v->auth_failures.at[i], &of, &limit, why,
		    sizeof(why)) == 0)
			g->limits[of] = limit;
	/* A login's limit works by way of its prefixes. */
	if (g->limits[FAILURES_LOGIN].most > 0 &&
	    g->limits[FAILURES_LOGIN_PREFIX].most == 0) {
		g->limits[FAILURES_LOGIN_PREFIX] = g->limits[FAILURES_LOGIN];
		g->limits[FAILURES_LOGIN_PREFIX].most = FAILURES_MOST;
	}
	g->spared = &v->reserved_peers;
	g->prefix4 = (int)v->prefix_length_ipv4;
	g->prefix6 = (int)v->prefix_length_ipv6;
	g->delay = v->auth_delay;
	g->counts = table == -1 ? own_table((uint32_t)v->counter_rows) :
	    counts_open(table, true);
	if (g->counts == NULL)
		fatal(EX_OSERR, "table of counters: %s", strerror(errno));
	return g;
}

/* login: null or "" where none is known. */
static void
make_keys(const struct guard *g, const struct netaddr *peer,
    const char *login, struct keys *k_r)
{
	bool named = login != NULL && login[0] != '\0';
	bool spared = peer->family == 0 || networks_hold(g->spared, peer);
	struct netaddr prefix = *peer;
	char text[NET_TEXT];
	int bits = peer->family == 6 ? g->prefix6 : g->prefix4;

	memset(k_r, 0, sizeof(*k_r));
	if (peer->family != 0)
		prefix = net_prefix(peer, bits);
	k_r->there[FAILURES_ADDRESS] = k_r->there[FAILURES_PREFIX] = !spared;
	k_r->there[FAILURES_LOGIN] = k_r->there[FAILURES_LOGIN_PREFIX] = named;
	net_text(peer, k_r->text[FAILURES_ADDRESS]);
	net_text(&prefix, text);
	snprintf(k_r->text[FAILURES_PREFIX], KEY, "%s/%d", text, bits);
	if (named) {
		snprintf(k_r->text[FAILURES_LOGIN], KEY, "%s", login);
		snprintf(k_r->text[FAILURES_LOGIN_PREFIX], KEY, "%s/%d %s",
		    text, bits, login);
		text_lower(k_r->text[FAILURES_LOGIN]);
		text_lower(k_r->text[FAILURES_LOGIN_PREFIX]);
	}
	for (int i = 0; i < FAILURES_KINDS; i++)
		k_r->there[i] = k_r->there[i] && g->limits[i].most > 0;
}

static struct counts_key
key_of(const struct guard *g, const struct keys *k, int i)
{
	return (struct counts_key){ .what = COUNTS_LOGINS, .by = (uint8_t)i,
		.scope = SERVER, .section = "", .text = k->text[i],
		.period_ms = g->limits[i].period_ms };
}

static bool
over(const struct guard *g, const struct keys *k, int i, uint32_t most)
{
	struct counts_key key = key_of(g, k, i);
	struct counts_answer a;

	return k->there[i] &&
	    !counts_ask(g->counts, &key, 1, most, counts_now(), &a);
}

bool
guard_bars(const struct guard *g, const struct netaddr *peer,
    const char *login, const char **what_r)
{
	struct keys k;
	uint32_t most;

	make_keys(g, peer, login, &k);
	for (int i = 0; i < FAILURES_KINDS; i++) {
		most = g->limits[i].most;
		if (i == FAILURES_LOGIN)
			continue;
		if (i == FAILURES_LOGIN_PREFIX && over(g, &k, FAILURES_LOGIN,
		    g->limits[FAILURES_LOGIN].most))
			most = 1;
		*what_r = failures_text((enum failures_of)i);
		if (over(g, &k, i, most))
			return true;
	}
	return false;
}

int64_t
guard_failed(struct guard *g, const struct netaddr *peer, const char *login)
{
	int64_t now = counts_now();
	struct counts_answer a;
	uint32_t n = 1;
	struct keys k;

	make_keys(g, peer, login, &k);
	for (int i = 0; i < FAILURES_KINDS; i++) {
		struct counts_key key = key_of(g, &k, i);
		uint32_t most = g->limits[i].most;

		if (!k.there[i])
			continue;
		counts_add(g->counts, &key, 1, most, now);
		(void)counts_ask(g->counts, &key, 1, most, now, &a);
		if (a.value > n)
			n = a.value;
	}
	return g->delay << (n - 1 < DOUBLINGS ? n - 1 : DOUBLINGS);
}

void
guard_succeeded(struct guard *g, const struct netaddr *peer,
    const char *login)
{
	struct counts_answer a;
	struct counts_key key;
	struct keys k;

	make_keys(g, peer, login, &k);
	if (!k.there[FAILURES_LOGIN_PREFIX])
		return;
	key = key_of(g, &k, FAILURES_LOGIN_PREFIX);
	(void)counts_ask(g->counts, &key, 1,
	    g->limits[FAILURES_LOGIN_PREFIX].most, counts_now(), &a);
	if (a.value > 0)
		counts_give_back(g->counts, &key, a.value);
}

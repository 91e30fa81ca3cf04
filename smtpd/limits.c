/*
 * limits - how many connections there are.
 *
 * Hash chains of counters in one array that is made at the start: a connection
 * has at most six of them (address and prefix; for server, listener, channel),
 * so they cannot run out.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "lib/log.h"
#include "lib/xalloc.h"
#include "smtpd/limits.h"

void
limits_init(struct limits *l, uint32_t room)
{
	memset(l, 0, sizeof *l);
	l->room = room;
	for (l->buckets = 64; l->buckets < LIMIT_NODES * room; l->buckets *= 2)
		;
	l->bucket = xcalloc(l->buckets, sizeof *l->bucket);
	l->node = xcalloc(LIMIT_NODES * (size_t)room + 1, sizeof *l->node);
}

void
limits_clear(struct limits *l, const struct plan *p)
{
	memset(l->section, 0, sizeof l->section);
	l->others = l->free = 0;
	l->prefix4 = p->prefix4;
	l->prefix6 = p->prefix6;
	memset(l->bucket, 0, l->buckets * sizeof *l->bucket);
	for (uint32_t i = LIMIT_NODES * l->room; i > 0; i--) {
		l->node[i] = (struct limit_node){ .next = l->free };
		l->free = i;
	}
}

/* FNV-1a: clients choose addresses, but not many within the limits. */
static uint32_t *
bucket_of(struct limits *l, const struct netaddr *key)
{
	uint32_t h = 2166136261u ^ key->port;

	for (size_t i = 0; i < sizeof key->ip; i++)
		h = (h ^ key->ip[i]) * 16777619u;
	return &l->bucket[h & (l->buckets - 1)];
}

static uint32_t *
find(struct limits *l, const struct netaddr *key)
{
	uint32_t *at = bucket_of(l, key);

	while (*at != 0 && memcmp(&l->node[*at].key, key, sizeof *key) != 0)
		at = &l->node[*at].next;
	return at;
}

static void
add(struct limits *l, const struct netaddr *key)
{
	uint32_t *at = find(l, key), n = *at;

	if (n == 0) {
		n = l->free;
		l->free = l->node[n].next;
		l->node[n] = (struct limit_node){ .key = *key };
		*at = n;
	}
	l->node[n].count++;
}

static void
take(struct limits *l, const struct netaddr *key)
{
	uint32_t *at = find(l, key), n = *at;

	PANIC_IF(n == 0 || l->node[n].count == 0);
	if (--l->node[n].count > 0)
		return;
	*at = l->node[n].next;
	l->node[n].next = l->free;
	l->free = n;
}

static int
prefix_bits(const struct limits *l, const struct netaddr *peer)
{
	return peer->family == 6 ? l->prefix6 : l->prefix4;
}

static struct netaddr
key_of(const struct limits *l, const struct netaddr *peer, int section,
    bool prefix)
{
	struct netaddr key = net_prefix(peer, prefix ? prefix_bits(l, peer) :
	    net_bits(peer));

	key.port = (uint16_t)(2 * section + prefix);
	return key;
}

void
limits_prefix_text(const struct limits *l, const struct netaddr *peer,
    char dst[RATE_TEXT])
{
	struct netaddr prefix = net_prefix(peer, prefix_bits(l, peer));
	char text[NET_TEXT];

	snprintf(dst, RATE_TEXT, "%s/%d", net_text(&prefix, text),
	    prefix_bits(l, peer));
}

static bool
among(const struct plan_prefix *x, int n, const struct netaddr *peer)
{
	for (; n-- > 0; x++) {
		struct netaddr in = net_prefix(peer, x->bits);

		if (net_same_host(&in, &x->at))
			return true;
	}
	return false;
}

bool
limits_reserved(const struct plan *p, const struct netaddr *peer)
{
	return among(p->reserved_peers, p->nreserved, peer);
}

bool
limits_proxy(const struct plan *p, int listener, const struct netaddr *peer)
{
	const struct plan_section *s = &p->sections[PLAN_LISTENER(listener)];

	return listener >= 0 && among(p->proxies + s->proxy, s->proxies, peer);
}

/* What a number is about. */
enum about { ALL, ADDRESS, PREFIX };

static uint32_t
count(struct limits *l, const struct netaddr *peer, int section,
    enum about about)
{
	struct netaddr key;

	if (about == ALL)
		return l->section[section];
	key = key_of(l, peer, section, about == PREFIX);
	return l->node[*find(l, &key)].count;	/* node 0 counts nothing */
}

static int
hit(struct limits *l, struct limit_hit *h, const char *limit,
    const struct plan_section *s, const struct netaddr *peer,
    enum about about, uint32_t value, int32_t most)
{
	*h = (struct limit_hit){ .limit = limit, .enhanced = "4.3.2",
	    .section = s->name, .key = "all", .value = value,
	    .most = (uint32_t)most };
	if (about == ADDRESS)
		net_text(peer, h->key);
	if (about == PREFIX)
		limits_prefix_text(l, peer, h->key);
	return -1;
}

/* One section's own limits, those that it has. */
static int
ask_section(struct limits *l, const struct plan *p, int section,
    const struct limit_subject *who, struct limit_hit *h)
{
	static const char *const names[] = { "max-connections",
	    "max-connections-per-address", "max-connections-per-prefix" };
	const struct plan_section *s = &p->sections[section];
	const int32_t most[] = { s->most, s->per_address, s->per_prefix };

	for (int i = ALL; i <= (who->proxy ? ALL : PREFIX); i++) {
		uint32_t value = most[i] == 0 ? 0 :
		    count(l, &who->peer, section, (enum about)i);

		if (most[i] > 0 && value >= (uint32_t)most[i])
			return hit(l, h, names[i], s, &who->peer,
			    (enum about)i, value, most[i]);
	}
	return 0;
}

/* What is the server's alone, and what the machine can do. */
static int
ask_shares(struct limits *l, const struct plan *p,
    const struct limit_subject *s, struct limit_hit *h)
{
	const struct plan_section *server = &p->sections[0];
	int32_t most = server->most, rest, share;
	uint32_t value;

	if ((uint32_t)most > l->room)
		most = (int32_t)l->room;
	if (l->section[0] >= (uint32_t)most)
		return hit(l, h, "max-connections", server, &s->peer, ALL,
		    l->section[0], most);
	if (s->reserved)
		return 0;
	rest = most > p->reserved ? most - p->reserved : 0;
	if (l->others >= (uint32_t)rest)
		return hit(l, h, "reserved-connections", server, &s->peer,
		    ALL, l->others, rest);
	if (s->proxy)
		return 0;
	share = most * p->max_share / 100;
	if (share == 0)
		share = 1;
	value = count(l, &s->peer, 0, PREFIX);
	return value < (uint32_t)share ? 0 : hit(l, h, "max-prefix-share",
	    server, &s->peer, PREFIX, value, share);
}

int
limits_ask(struct limits *l, const struct plan *p,
    const struct limit_subject *s, struct limit_hit *hit_r)
{
	if (ask_section(l, p, 0, s, hit_r) != 0 ||
	    ask_section(l, p, PLAN_LISTENER(s->listener), s, hit_r) != 0)
		return -1;
	return ask_shares(l, p, s, hit_r);
}

int
limits_ask_channel(struct limits *l, const struct plan *p,
    const struct limit_subject *s, struct limit_hit *hit_r)
{
	return ask_section(l, p, PLAN_CHANNEL(s->channel), s, hit_r);
}

static void
change(struct limits *l, int section, const struct limit_subject *s,
    void (*how)(struct limits *, const struct netaddr *))
{
	struct netaddr address = key_of(l, &s->peer, section, false);
	struct netaddr prefix = key_of(l, &s->peer, section, true);

	if (s->proxy)
		return;
	how(l, &address);
	how(l, &prefix);
}

void
limits_enter_channel(struct limits *l, const struct limit_subject *s)
{
	l->section[PLAN_CHANNEL(s->channel)]++;
	change(l, PLAN_CHANNEL(s->channel), s, add);
}

void
limits_enter(struct limits *l, const struct limit_subject *s)
{
	l->section[0]++;
	l->others += !s->reserved;
	change(l, 0, s, add);
	if (s->listener >= 0) {
		l->section[PLAN_LISTENER(s->listener)]++;
		change(l, PLAN_LISTENER(s->listener), s, add);
	}
	if (s->channel >= 0)
		limits_enter_channel(l, s);
}

void
limits_leave(struct limits *l, const struct limit_subject *s)
{
	PANIC_IF(l->section[0] == 0);
	l->section[0]--;
	l->others -= !s->reserved;
	change(l, 0, s, take);
	if (s->listener >= 0) {
		l->section[PLAN_LISTENER(s->listener)]--;
		change(l, PLAN_LISTENER(s->listener), s, take);
	}
	if (s->channel >= 0) {
		l->section[PLAN_CHANNEL(s->channel)]--;
		change(l, PLAN_CHANNEL(s->channel), s, take);
	}
}

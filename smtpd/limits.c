/*
 * limits - how many connections there are: in all, by listener, by address,
 * by prefix.
 *
 * Two hash chains of counters in one array that is made at the start: a
 * connection has at most two of them, so they cannot run out.
 */
#include "config.h"

#include <stdbool.h>
#include <string.h>

#include "lib/log.h"
#include "lib/xalloc.h"
#include "smtpd/limits.h"

void
limits_init(struct limits *l, uint32_t room)
{
	memset(l, 0, sizeof *l);
	l->room = room;
	for (l->buckets = 64; l->buckets < 2 * room; l->buckets *= 2)
		;
	l->bucket = xcalloc(l->buckets, sizeof *l->bucket);
	l->node = xcalloc(2 * (size_t)room + 1, sizeof *l->node);
	for (uint32_t i = 1; i <= 2 * room; i++) {
		l->node[i].next = l->free;
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

static uint32_t
count_of(struct limits *l, const struct netaddr *key)
{
	return l->node[*find(l, key)].count;	/* node 0 counts nothing */
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

int
limits_prefix_bits(const struct plan *p, const struct netaddr *peer)
{
	return peer->family == 6 ? p->prefix6 : p->prefix4;
}

static struct netaddr
key_of(const struct netaddr *peer, int bits, bool prefix)
{
	struct netaddr key = net_prefix(peer, prefix ? bits : net_bits(peer));

	key.port = prefix;
	return key;
}

static int
over(struct limit_hit *h, const char *limit, const struct netaddr *key,
    uint32_t value, int32_t most)
{
	if (most <= 0 || value < (uint32_t)most)
		return 0;
	*h = (struct limit_hit){ .limit = limit, .value = value,
	    .most = (uint32_t)most };
	if (key != NULL)
		h->key = *key;
	return -1;
}

int
limits_enter(struct limits *l, const struct plan *p,
    const struct plan_socket *via, const struct netaddr *peer,
    struct limit_hit *hit_r)
{
	int bits = limits_prefix_bits(p, peer);
	struct netaddr address = key_of(peer, bits, false);
	struct netaddr prefix = key_of(peer, bits, true);
	int32_t most = p->max_connections;

	if ((uint32_t)most > l->room)
		most = (int32_t)l->room;
	if (over(hit_r, "max-connections", NULL, l->total, most) != 0 ||
	    over(hit_r, "listener-max-connections", NULL,
	    l->listener[via->listener], via->most) != 0 ||
	    over(hit_r, "max-connections-per-address", &address,
	    count_of(l, &address), p->max_per_address) != 0 ||
	    over(hit_r, "max-connections-per-prefix", &prefix,
	    count_of(l, &prefix), p->max_per_prefix) != 0)
		return -1;
	l->total++;
	l->listener[via->listener]++;
	add(l, &address);
	add(l, &prefix);
	return 0;
}

void
limits_leave(struct limits *l, int listener, const struct netaddr *peer,
    int prefix_bits)
{
	struct netaddr address = key_of(peer, prefix_bits, false);
	struct netaddr prefix = key_of(peer, prefix_bits, true);

	PANIC_IF(l->total == 0);
	l->total--;
	if (listener >= 0)
		l->listener[listener]--;
	take(l, &address);
	take(l, &prefix);
}

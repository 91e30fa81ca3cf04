/*
 * cache - a hash table with chains and a list in order of use, both by index
 * into one array that is made at the start.
 *
 * Clients choose their addresses, so the hash is keyed with a random number:
 * nobody can aim at one chain.
 */
#include "config.h"

#include <string.h>
#include <sys/random.h>
#include "lib/log.h"
#include "lib/xalloc.h"
#include "tables/cache.h"

#define NONE UINT32_MAX

struct entry {
	struct netaddr address;		/* port 0 */
	uint8_t outcome, differs;
	uint32_t chain;			/* next of the same hash, or free */
	uint32_t newer, older;
	int64_t until;
	char name[sizeof(((struct ask_answer *)0)->name)];
};

struct cache {
	uint32_t size, used, mask;
	uint32_t free;			/* first entry given back */
	uint32_t newest, oldest;
	uint64_t key;
	uint32_t *heads;
	struct entry *entries;
};

struct cache *
cache_new(uint32_t size)
{
	struct cache *c = xcalloc(1, sizeof(*c));
	uint32_t heads = 1;

	while (heads < size)
		heads *= 2;
	c->size = size;
	c->mask = heads - 1;
	c->free = c->newest = c->oldest = NONE;
	c->heads = xcalloc(heads, sizeof(*c->heads));
	memset(c->heads, 0xff, heads * sizeof(*c->heads));
	c->entries = xcalloc(size, sizeof(*c->entries));
	if (getrandom(&c->key, sizeof(c->key), 0) != sizeof(c->key))
		fatal(71, "no random numbers");
	return c;
}

static uint64_t
mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

static uint32_t
head_of(const struct cache *c, const struct netaddr *a)
{
	uint64_t half[2];

	memcpy(half, a->ip, sizeof(half));
	return (uint32_t)mix(mix(mix(c->key ^ half[0]) ^ half[1]) ^
	    c->key ^ a->family) & c->mask;
}

static uint32_t
find(const struct cache *c, const struct netaddr *a)
{
	uint32_t i;

	if (c->size == 0)
		return NONE;
	for (i = c->heads[head_of(c, a)]; i != NONE; i = c->entries[i].chain)
		if (net_same_host(&c->entries[i].address, a))
			return i;
	return NONE;
}

static void
use_unlink(struct cache *c, uint32_t i)
{
	struct entry *e = &c->entries[i];

	if (e->newer != NONE)
		c->entries[e->newer].older = e->older;
	else
		c->newest = e->older;
	if (e->older != NONE)
		c->entries[e->older].newer = e->newer;
	else
		c->oldest = e->newer;
}

static void
use_newest(struct cache *c, uint32_t i)
{
	struct entry *e = &c->entries[i];

	e->newer = NONE;
	e->older = c->newest;
	if (c->newest != NONE)
		c->entries[c->newest].newer = i;
	else
		c->oldest = i;
	c->newest = i;
}

static void
forget(struct cache *c, uint32_t i)
{
	struct entry *e = &c->entries[i];
	uint32_t *at = &c->heads[head_of(c, &e->address)];

	while (*at != i)
		at = &c->entries[*at].chain;
	*at = e->chain;
	use_unlink(c, i);
	e->chain = c->free;
	c->free = i;
	c->used--;
}

/* An entry for a, newest and in its chain. */
static uint32_t
take(struct cache *c, const struct netaddr *a)
{
	uint32_t i, head;

	if (c->used == c->size)
		forget(c, c->oldest);
	i = c->free;
	if (i != NONE)
		c->free = c->entries[i].chain;
	else
		i = c->used;	/* none was given back: all below are used */
	c->used++;
	c->entries[i].address = *a;
	c->entries[i].address.port = 0;
	head = head_of(c, a);
	c->entries[i].chain = c->heads[head];
	c->heads[head] = i;
	use_newest(c, i);
	return i;
}

bool
cache_find(struct cache *c, const struct netaddr *a, int64_t now,
    struct ask_answer *answer_r)
{
	uint32_t i = find(c, a);
	struct entry *e;

	if (i == NONE)
		return false;
	e = &c->entries[i];
	if (now >= e->until) {
		forget(c, i);
		return false;
	}
	use_unlink(c, i);
	use_newest(c, i);
	answer_r->outcome = e->outcome;
	answer_r->differs = e->differs;
	answer_r->cached = 1;
	memcpy(answer_r->name, e->name, sizeof(e->name));
	return true;
}

void
cache_put(struct cache *c, const struct netaddr *a, int64_t now,
    int64_t until, const struct ask_answer *answer)
{
	uint32_t i;
	struct entry *e;

	if (c->size == 0)
		return;
	i = find(c, a);
	if (until <= now) {
		if (i != NONE)
			forget(c, i);
		return;
	}
	if (i == NONE)
		i = take(c, a);
	e = &c->entries[i];
	e->outcome = answer->outcome;
	e->differs = answer->differs;
	e->until = until;
	memcpy(e->name, answer->name, sizeof(e->name));
}

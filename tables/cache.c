/*
 * cache - a hash table with chains and a list in order of use, both by index
 * into one array that is made at the start.
 *
 * Clients choose addresses and names, so the hash is keyed with a random
 * number: nobody can aim at one chain.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include "lib/log.h"
#include "lib/text.h"
#include "lib/xalloc.h"
#include "tables/cache.h"

#define NONE UINT32_MAX
#define DATA_EACH 512		/* bytes of records for each place */

struct entry {
	struct netaddr address;		/* port 0 */
	uint8_t kind, outcome, differs;
	uint32_t chain;			/* next of the same hash, or free */
	uint32_t newer, older;
	int64_t until;
	bool asked;			/* name is the question's */
	uint8_t *data;			/* records, or null */
	size_t data_len;
	char name[sizeof(((struct ask_answer *)0)->name)];
};

struct cache {
	uint32_t size, used, mask;
	uint32_t free;			/* first entry given back */
	uint32_t newest, oldest;
	uint64_t key;
	size_t data_len;		/* of all entries */
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
head_of(const struct cache *c, const struct cache_key *k)
{
	uint64_t half[2], h;
	const char *p;

	memcpy(half, k->address.ip, sizeof(half));
	h = mix(mix(mix(c->key ^ half[0]) ^ half[1]) ^ c->key ^
	    k->address.family ^ (uint64_t)k->kind << 8);
	for (p = k->name; *p != '\0'; p++)
		h = mix(h ^ c->key ^ (uint8_t)*p);
	return (uint32_t)h & c->mask;
}

static struct cache_key
key_of(const struct entry *e)
{
	return (struct cache_key){ .kind = e->kind, .address = e->address,
	    .name = e->asked ? e->name : "" };
}

bool
cache_same(const struct cache_key *a, const struct cache_key *b)
{
	return a->kind == b->kind && a->address.family == b->address.family &&
	    memcmp(a->address.ip, b->address.ip, sizeof(a->address.ip)) == 0 &&
	    strcmp(a->name, b->name) == 0;
}

static uint32_t
find(const struct cache *c, const struct cache_key *k)
{
	struct cache_key known;
	uint32_t i;

	if (c->size == 0)
		return NONE;
	for (i = c->heads[head_of(c, k)]; i != NONE;
	    i = c->entries[i].chain) {
		known = key_of(&c->entries[i]);
		if (cache_same(&known, k))
			return i;
	}
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
drop_data(struct cache *c, struct entry *e)
{
	c->data_len -= e->data_len;
	free(e->data);
	e->data = NULL;
	e->data_len = 0;
}

static void
forget(struct cache *c, uint32_t i)
{
	struct entry *e = &c->entries[i];
	struct cache_key k = key_of(e);
	uint32_t *at = &c->heads[head_of(c, &k)];

	while (*at != i)
		at = &c->entries[*at].chain;
	*at = e->chain;
	use_unlink(c, i);
	drop_data(c, e);
	e->chain = c->free;
	c->free = i;
	c->used--;
}

/* An entry for k, newest and in its chain. */
static uint32_t
take(struct cache *c, const struct cache_key *k)
{
	struct entry *e;
	uint32_t i, head;

	if (c->used == c->size)
		forget(c, c->oldest);
	i = c->free;
	if (i != NONE)
		c->free = c->entries[i].chain;
	else
		i = c->used;	/* none was given back: all below are used */
	c->used++;
	e = &c->entries[i];
	e->kind = k->kind;
	e->address = k->address;
	e->address.port = 0;
	e->asked = k->name[0] != '\0';
	(void)!text_copy(e->name, sizeof(e->name), k->name);
	head = head_of(c, k);
	e->chain = c->heads[head];
	c->heads[head] = i;
	use_newest(c, i);
	return i;
}

/* One that holds, the newest used now; or null. */
static struct entry *
use(struct cache *c, const struct cache_key *k, int64_t now)
{
	uint32_t i = find(c, k);

	if (i == NONE)
		return NULL;
	if (now >= c->entries[i].until) {
		forget(c, i);
		return NULL;
	}
	use_unlink(c, i);
	use_newest(c, i);
	return &c->entries[i];
}

bool
cache_find(struct cache *c, const struct cache_key *k, int64_t now,
    struct ask_answer *answer_r)
{
	struct entry *e = use(c, k, now);

	if (e == NULL)
		return false;
	answer_r->outcome = e->outcome;
	answer_r->differs = e->differs;
	answer_r->cached = 1;
	memset(answer_r->name, 0, sizeof(answer_r->name));
	if (!e->asked)
		memcpy(answer_r->name, e->name, sizeof(e->name));
	return true;
}

/* The entry for k that holds until then; or null: there shall be none. */
static struct entry *
put(struct cache *c, const struct cache_key *k, int64_t now, int64_t until)
{
	uint32_t i;

	if (c->size == 0 || strlen(k->name) >= sizeof(c->entries[0].name))
		return NULL;
	i = find(c, k);
	if (until <= now) {
		if (i != NONE)
			forget(c, i);
		return NULL;
	}
	if (i == NONE)
		i = take(c, k);
	c->entries[i].until = until;
	return &c->entries[i];
}

void
cache_put(struct cache *c, const struct cache_key *k, int64_t now,
    int64_t until, const struct ask_answer *answer)
{
	struct entry *e = put(c, k, now, until);

	if (e == NULL)
		return;
	e->outcome = answer->outcome;
	e->differs = answer->differs;
	if (!e->asked)
		memcpy(e->name, answer->name, sizeof(e->name));
}

bool
cache_find_data(struct cache *c, const struct cache_key *k, int64_t now,
    struct cache_data *d_r)
{
	struct entry *e = use(c, k, now);

	if (e == NULL)
		return false;
	*d_r = (struct cache_data){ .outcome = e->outcome,
	    .cut = e->differs != 0, .len = e->data_len, .p = e->data };
	return true;
}

void
cache_put_data(struct cache *c, const struct cache_key *k, int64_t now,
    int64_t until, const struct cache_data *d)
{
	struct entry *e;

	/* Its own is the newest, and goes last. */
	e = put(c, k, now, until);
	if (e == NULL)
		return;
	drop_data(c, e);
	e->outcome = d->outcome;
	e->differs = d->cut;
	if (d->len == 0 || d->len > (size_t)c->size * DATA_EACH)
		return;
	e->data = xmalloc(d->len);
	memcpy(e->data, d->p, d->len);
	e->data_len = d->len;
	c->data_len += d->len;
	use_unlink(c, (uint32_t)(e - c->entries));
	use_newest(c, (uint32_t)(e - c->entries));
	while (c->data_len > (size_t)c->size * DATA_EACH)
		forget(c, c->oldest);
}

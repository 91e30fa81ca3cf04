/*
 * cache - what lookup remembers: addresses' names, and what hosts and domains
 * are good for.
 *
 * Memory is taken once, for as many entries as there may be; the one that
 * was used longest ago makes room.  Times are monotonic milliseconds.
 */
#ifndef TABLES_CACHE_H
#define TABLES_CACHE_H

#include <stdbool.h>
#include <stdint.h>
#include "lib/ask.h"

struct cache;

/* size 0: a cache that remembers nothing. */
struct cache *cache_new(uint32_t size);
/* A question; only one without a name has an answer with one. */
struct cache_key {
	uint8_t kind;		/* enum ask_kind */
	struct netaddr address;	/* or family 0 */
	const char *name;	/* in lower case, or "" */
};

/* What is known of a name's records: lib/records.h. */
struct cache_data {
	uint8_t outcome;
	bool cut;
	size_t len;
	const uint8_t *p;	/* the cache's, until something is put there */
};

/* Ports do not count. */
bool cache_same(const struct cache_key *a, const struct cache_key *b);
/*
 * Fills outcome, differs, name and cached of answer_r; false if it is not
 * known.
 */
bool cache_find(struct cache *c, const struct cache_key *k, int64_t now,
    struct ask_answer *answer_r);
/* Remembers until then; a time that is past forgets it. */
void cache_put(struct cache *c, const struct cache_key *k, int64_t now,
    int64_t until, const struct ask_answer *answer);

/* The same with records; all of them have 512 bytes an entry, no more. */
bool cache_find_data(struct cache *c, const struct cache_key *k, int64_t now,
    struct cache_data *d_r);
void cache_put_data(struct cache *c, const struct cache_key *k, int64_t now,
    int64_t until, const struct cache_data *d);

#endif

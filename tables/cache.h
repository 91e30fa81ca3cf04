/*
 * cache - what lookup remembers: address to outcome and name.
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
/*
 * Fills outcome, differs, name and cached of answer_r; false if it is not
 * known.
 */
bool cache_find(struct cache *c, const struct netaddr *a, int64_t now,
    struct ask_answer *answer_r);
/* Remembers until then; a time that is past forgets the address. */
void cache_put(struct cache *c, const struct netaddr *a, int64_t now,
    int64_t until, const struct ask_answer *answer);

#endif

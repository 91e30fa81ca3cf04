/*
 * fetch - the records of a name, for those who judge them by themselves
 * (lib/records.h).
 */
#ifndef TABLES_FETCH_H
#define TABLES_FETCH_H

#include "lib/records.h"
#include "tables/cache.h"
#include "tables/confirm.h"

/*
 * done is called once, later or at once, with what was found, which stays
 * until done returns, and how many seconds it may be believed.
 */
void fetch_start(struct confirms *s, enum records_type type,
    const struct dnsname *name, void (*done)(void *arg,
    const struct cache_data *d, uint32_t ttl), void *arg);

#endif

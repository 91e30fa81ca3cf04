/*
 * askers - the programs that ask lookup: their connections, their questions
 * in flight, the answers.  Protocol: lib/ask.h.
 *
 * Whoever asks may be a session that a client has taken over: what is not a
 * question ends its connection, and only that.
 */
#ifndef TABLES_ASKERS_H
#define TABLES_ASKERS_H

#include <stdbool.h>
#include <stdint.h>
#include "tables/cache.h"
#include "tables/greylist.h"
#include "tables/hosts.h"
#include "tables/wrap.h"

#define ASKERS_MOST 4096	/* connections */
#define ASKERS_QUESTIONS 64	/* in flight on one; then it is not read */

struct askers;

struct askers_limits {
	int connections;	/* at most ASKERS_MOST */
	int64_t timeout;	/* ms for one question, all told */
	int64_t cache_time;	/* ms that an answer is remembered at most */
};

/*
 * sock listens.  Events of it carry data in the upper 32 bits, and those of
 * connections the same but in their lowest byte data + 1.
 */
struct askers *askers_new(int sock, int epoll, uint32_t data,
    const struct askers_limits *l, struct cache *cache,
    struct confirms *confirms, struct wrap *wrap);
void askers_accept(struct askers *s);
/* What ASK_GREY is answered from; without it, it is broken. */
void askers_grey(struct askers *s, struct greylist *g,
    const struct greylist_rules *r);
/* No more connections; those that there are go on. */
void askers_leave(struct askers *s);
bool askers_gone(const struct askers *s);	/* has the last one ended? */
/* An event of a connection: its whole data. */
void askers_event(struct askers *s, uint64_t data, uint32_t events);
/* Milliseconds until askers_tick is due, at most most. */
int askers_wait(const struct askers *s, int most);
void askers_tick(struct askers *s, int64_t now);

#endif

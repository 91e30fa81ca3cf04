/*
 * asking - what the parts of askers share: connections, who of them waits for
 * which look-up, and the look-ups.  For askers.c (connections), questions.c
 * (names and hosts), batches.c (records) and waiting.c alone.
 *
 * What may close the connection (a reply that is not taken does) says so, or
 * its caller compares client.generation.
 */
#ifndef TABLES_ASKING_H
#define TABLES_ASKING_H

#include <sys/queue.h>
#include "tables/dnsmsg.h"
#include "lib/records.h"
#include "tables/askers.h"
#include "tables/question.h"

#define HEADS 256
#define OF_RECORDS 64	/* and the type: what a key has for a kind */

/* Questions for records that came in one message, and are answered in one. */
struct batch {
	struct client *client;
	uint32_t id;
	int n, waiting;
	struct records_got got[RECORDS_MOST];
	uint8_t *kept[RECORDS_MOST];	/* what got has, or null */
	LIST_ENTRY(batch) link;
};
LIST_HEAD(batches, batch);

TAILQ_HEAD(waiters, waiter);

/* One question of one connection. */
struct waiter {
	struct client *client;
	struct look *look;
	struct ask_access_question *access;	/* or null: wants the name */
	struct batch *batch;	/* or null */
	int at;			/* in it */
	uint32_t id;
	uint8_t later;		/* the outcome when its time is over */
	int64_t deadline;
	struct waiters *all;	/* of the two lists by deadline */
	TAILQ_ENTRY(waiter) of_all, of_client, of_look;
};

struct client {
	int fd;			/* -1: the place is free */
	uint32_t generation;	/* events of a former owner are not ours */
	int inflight;
	bool unread;		/* has too many questions: not listened to */
	struct waiters waiters;
	struct batches batches;
	TAILQ_ENTRY(client) link;	/* by last word, or free */
};
TAILQ_HEAD(clients, client);

/* One look-up under way, for all who wait for it. */
struct look {
	struct askers *askers;
	struct cache_key key;
	char name[DNSNAME_TEXT];	/* the key's */
	uint8_t zone;			/* of a list: where it is in name */
	struct waiters waiters;
	LIST_ENTRY(look) link;
};
LIST_HEAD(looks, look);

struct askers {
	int sock, epoll;
	uint32_t data;
	bool full;		/* the listening socket is not listened to */
	bool leaving;		/* nor ever again */
	struct askers_limits limits;
	struct cache *cache;
	struct confirms *confirms;
	struct wrap *wrap;
	struct greylist *grey;	/* or null */
	bool no_grey;		/* and that was said */
	struct greylist_rules rules;
	struct waiters waiters;	/* by deadline: all have equal time */
	struct waiters own;	/* the same with times of their own */
	struct zones *zones;
	struct records asking, saying;
	struct clients used, unused;
	struct looks looks[HEADS];
	struct client clients[];
};

/* askers.c: sends one answer; a connection that takes none is closed: false. */
bool askers_reply(struct askers *s, struct client *c, const void *a,
    size_t size);
/* It has room for questions again, perhaps. */
void askers_read_again(struct askers *s, struct client *c);
/* Is it one that waits already, while connections that do not need the room? */
bool askers_busy(const struct askers *s, const struct client *c);

/*
 * waiting.c: one that waits for look, behind those of all whose deadline is
 * not later.
 */
struct waiter *waiting_add(struct waiters *all, struct client *c,
    struct look *look, int64_t deadline);
void waiting_end(struct waiter *w);
/* The look-up under way about k; or null. */
struct look *waiting_find(struct askers *s, const struct cache_key *k);
struct look *waiting_new(struct askers *s, const struct cache_key *k);
/* Nobody waits for it any more. */
void waiting_done(struct look *look);

/* questions.c: all but those for records. */
void questions_take(struct askers *s, struct client *c, union question *q);
void questions_late(struct askers *s, struct waiter *w);

/* batches.c: -1: it was none. */
MM_MUST_USE int batches_take(struct askers *s, struct client *c,
    const union question *q, size_t len);
void batches_late(struct askers *s, struct waiter *w);
void batches_end(struct client *c);

#endif

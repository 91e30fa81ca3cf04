/*
 * dest - the destinations of one channel: who waits for each, how many jobs
 * it has, and whether it is left alone because it cannot be reached.
 *
 * An entry waits as its struct known, closed, in no more memory than that.
 * Turns go around the destinations that have room, one entry each, so that a
 * queue of any length for one never holds back another.  Those with a waiter
 * of higher priority (RFC 6710) come more often, none is left out.  Within a
 * destination ten minutes of waiting count as one step of priority.
 */
#ifndef CHANS_DEST_H
#define CHANS_DEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "chans/agenda.h"
#include "chans/chanproto.h"

#define DEST_STEP_MS 600000	/* of waiting: a step of priority */
#define DEST_PRIORITY 9		/* RFC 6710: from -9 to 9 */

enum dest_list { DEST_NOWHERE, DEST_DOWN, DEST_HIGH, DEST_NORMAL, DEST_LOW };
#define DEST_LISTS 5

struct waiters {
	struct known *first, *last;
};

struct dest {
	struct dests *of;
	struct dest *chain;
	struct dest *before, *after;	/* in a list, which is a ring */
	enum dest_list in;
	uint32_t busy;		/* jobs that wait for a program or have one */
	uint32_t failures;	/* in a row; then one job at a time */
	bool paused;
	size_t waiting, high, low;	/* entries; above and below 0 */
	struct waiters normal, *others;	/* by priority; null: none ever */
	int64_t until;		/* clock_ms(): of the pause, of our memory */
	struct job *building;	/* channel's */
	char code[CHANPROTO_CODE];	/* why it is down */
	char *why;		/* the same as text, or null */
	char name[];		/* lower case; "": all of the channel */
};

struct dests {
	struct dest **bucket;
	size_t buckets, n;
	struct dest *list[DEST_LISTS];	/* whose turn is next; null: none */
	unsigned turn;
	int64_t wake;		/* the first end in DEST_DOWN is not before */
	/* The caller's to set. */
	uint32_t limit;		/* jobs of one destination */
	int64_t pause_first, pause_most;
};

void dests_init(struct dests *ds);
/* No entry may wait and no job be there any more. */
void dests_free(struct dests *ds);
/* Null if nothing is known of it. */
struct dest *dest_find(const struct dests *ds, const char *name);
/* The same, made if needed; gone again when nothing is left to remember. */
struct dest *dest_get(struct dests *ds, const char *name);
/* May it have another job?  Null: of one that is not known, so yes. */
bool dest_open(const struct dests *ds, const struct dest *d);
bool dest_paused(const struct dest *d);

/* A job more; and one less, after which d may be gone. */
void dest_busy(struct dests *ds, struct dest *d);
void dest_idle(struct dests *ds, struct dest *d);

/* k, which waits for nothing yet, waits for d; k->since and priority count. */
void dest_wait(struct dests *ds, struct dest *d, struct known *k);
/* It waits no more.  It must. */
void dest_leave(struct known *k);
/* The next one in turn, which waits no more; null: none, or no room. */
struct known *dests_turn(struct dests *ds);

bool dests_ready(const struct dests *ds);	/* is there any? */

/* It cannot be reached: a pause, longer each time.  False: it has one. */
bool dest_down(struct dests *ds, struct dest *d, int64_t now,
    const char *code, const char *why);
/* It can. */
void dest_up(struct dests *ds, struct dest *d);
/* Its pause is over, now. */
void dest_again(struct dest *d);
/* Ends pauses that are over; when to be called again. */
int64_t dests_wake(struct dests *ds, int64_t now);

#endif

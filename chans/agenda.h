/*
 * agenda - which entries of the queue we know, and when each is due.
 *
 * Found by identifier (a hash) and by time (a heap).  An entry that is being
 * worked on is known but not in the heap.
 */
#ifndef CHANS_AGENDA_H
#define CHANS_AGENDA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/trace.h"

struct dest;
struct entry;
struct mark;

/* Where in the journal an entry is. */
struct place {
	uint64_t generation;	/* 0: it is a file in queue/ */
	uint64_t at, length;	/* of its record's head; of the entry */
	int segment;
};

struct known {
	char id[TRACE_ID];
	bool repeat;		/* a delivery may have been tried before */
	bool handled;		/* it had its turn (deliver -o) */
	bool hurry;		/* what waits in it is due, whatever it says */
	uint8_t busy;		/* how often it was found locked, in a row */
	int8_t priority;	/* RFC 6710; 0 until it was read */
	uint32_t nkept;
	struct mark *kept;	/* its marks, if it is in the journal */
	struct place place;
	int64_t since;		/* clock_ms() when it was found there */
	int64_t due;		/* clock_ms() */
	int64_t deadline;	/* while it waits: the same */
	uint64_t domains;	/* of those it waits for: agenda_domain() */
	struct entry *entry;	/* while it is being worked on */
	/* the rest is agenda's and dest's */
	size_t at;		/* place in the heap; SIZE_MAX: not in it */
	struct known *chain;
	struct dest *dest;	/* that it waits for, or null */
	struct known *before, *after;	/* of those who wait for it */
};

struct agenda;

struct agenda *agenda_new(void);
void agenda_free(struct agenda *a);
size_t agenda_count(const struct agenda *a);	/* all that are known */
struct known *agenda_find(const struct agenda *a, const char *id);
/* A new one, not yet in the heap; id must not be known. */
struct known *agenda_add(struct agenda *a, const char *id);
/* Puts it into the heap, or moves it there. */
void agenda_set(struct agenda *a, struct known *k, int64_t due);
/* Takes the first one out of the heap if it is due at now; or null. */
struct known *agenda_pop(struct agenda *a, int64_t now);
/* When the first one is due; CLOCK_NEVER if there is none. */
int64_t agenda_next(const struct agenda *a);
void agenda_forget(struct agenda *a, struct known *k);
/* Calls each for all of them; it may set their times, and no more. */
void agenda_each(const struct agenda *a, void (*each)(void *ctx,
    struct known *k), void *ctx);
/*
 * A bit for a domain, and one for each domain above it: or-ed, those of an
 * entry.  One that has not all bits of a domain has nothing for it.
 */
uint64_t agenda_domain(const char *domain, bool above);

#endif

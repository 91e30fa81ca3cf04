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

struct mark;

/* Where in the journal an entry is. */
struct place {
	uint64_t generation;	/* 0: it is a file in queue/ */
	uint64_t at, length;	/* of its record's head; of the entry */
	int segment;
};

struct known {
	char id[TRACE_ID];
	struct place place;
	struct mark *kept;	/* its marks, if it is in the journal */
	size_t nkept;
	int64_t since;		/* clock_ms() when it was found there */
	bool repeat;		/* a delivery may have been tried before */
	bool handled;		/* it had its turn (deliver -o) */
	uint8_t busy;		/* how often it was found locked, in a row */
	int64_t due;		/* clock_ms() */
	/* the rest is agenda's and the waiting lists' */
	size_t at;		/* place in the heap; SIZE_MAX: not in it */
	struct known *chain;
	struct known *waiting;
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

#endif

/*
 * segments - the journal's files: which are there, free, open, damaged; made
 * ahead by a thread, recovered at a start, taken one at a time.
 *
 * A segment goes blank, open, closed, free, open and so on: submit opens and
 * closes it (ends), deliver frees it (freed), both of them behind the
 * segment's own head, which holds if they differ.
 */
#ifndef SUBMIT_SEGMENTS_H
#define SUBMIT_SEGMENTS_H

#include <stdbool.h>
#include <stdint.h>
#include "lib/jfile.h"
#include "lib/mm.h"
#include "submit/spool.h"

struct segments;

/* One that we hold, locked. */
struct segment {
	int fd;			/* -1: none */
	struct jsegment head;
	uint64_t at;		/* here the next batch goes; 0: head first */
	uint64_t sum;		/* of the head before it */
};

/* See journal_open(). */
struct segments *segments_open(struct spool *s, int64_t size,
    int64_t least_free);
void segments_start(struct segments *all);
void segments_close(struct segments *all);
/* Of one of them, in bytes. */
uint64_t segments_size(const struct segments *all);

/* One to write to: one that was left open, else a free one; false: none. */
bool segments_take(struct segments *all, struct segment *s_r);
/* Tells deliver how far it is durable; closed: that this is all. */
MM_MUST_USE int segments_publish(struct segments *all,
    const struct segment *s, bool closed);
/* A write or a sync failed: closed where it was good, given back. */
void segments_abandon(struct segments *all, struct segment *s,
    uint64_t good);

#endif

/*
 * journal - the queue's fast store: entries one behind the other in segments
 * that were made ahead (jfile.h), a batch durable with one sync and without
 * any name made, moved or removed.
 *
 * Runs in submit.  All but journal_open() is called by the committing thread
 * alone; a thread of its own makes segments, outside of anybody's waiting.
 * deliver reads as far as ends says, and gives segments back (freed).  A
 * segment is locked by the submit that writes to it.
 */
#ifndef SUBMIT_JOURNAL_H
#define SUBMIT_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/mm.h"
#include "submit/spool.h"

struct journal;

/*
 * Recovers what an earlier submit left in journal/ and reports it: each
 * segment is read to its last good record, and ends says so.  Then, for a
 * size of 0: no journal is wanted, null, and segments without entries are
 * removed; else a journal of so many bytes at most, which leaves least_free
 * bytes of the disk alone.  Null with a warning in the log, too, where there
 * can be none.
 */
struct journal *journal_open(struct spool *s, int64_t size,
    int64_t least_free);
/* Starts making segments. */
void journal_start(struct journal *j);
/* j may be null. */
void journal_close(struct journal *j);

/* Whether an entry of so many bytes may ever go into it. */
bool journal_holds(const struct journal *j, size_t len);
/*
 * Adds an entry to the batch: its bytes, without a trailer.  False if the
 * segment has no room for it, or there is none.  Starts nothing.
 */
bool journal_add(struct journal *j, const char *id, const void *p, size_t len,
    size_t header);
/*
 * Makes what was added durable, and known to deliver: one write, one sync.
 * -1 with errno and the step that failed: then none of it is there.
 */
MM_MUST_USE int journal_commit(struct journal *j, const char **step_r);
/* Another segment; nothing may be added and not committed.  False: none. */
bool journal_turn(struct journal *j);

#endif

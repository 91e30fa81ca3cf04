/*
 * pass - one pass over one entry: notices that are still owed, jobs for the
 * channels, marks for their answers, notices of what they brought, the end.
 *
 * An entry all of whose recipients must wait, for room at a destination or for
 * the end of its pause, is closed and waits there (dest.h).  One with some
 * that need not is worked on for them, and may wait for the others meanwhile.
 */
#ifndef CHANS_PASS_H
#define CHANS_PASS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "chans/agenda.h"
#include "chans/channel.h"
#include "chans/depot.h"
#include "chans/spill.h"
#include "chans/tell.h"

#define PASS_ACTIVE 1000	/* the most entries to work on at once */

struct delivery {
	struct depot depot;
	struct agenda *agenda;
	struct channels channels;
	struct tell tell;
	int64_t started;	/* microseconds since 1970 */
	size_t active, most;	/* entries in work; two descriptors each */
	struct spill spill;	/* from the journal to files, this turn */
	int64_t journal_time;	/* after which an entry goes there */
	int64_t trash_time;	/* so long what is deleted is kept */
	bool pressed;		/* submit has no segment left, this turn */
	bool once;		/* -o: each entry gets one pass */
	bool stopping;
};

/* Sets the channels' callbacks to this module's. */
void pass_init(struct delivery *d);
/* k is due: gives it its turn; it comes back to the agenda by itself. */
void pass_due(struct delivery *d, struct known *k);
/* Gives turns to entries that wait for destinations; when to come again. */
int64_t pass_feed(struct delivery *d, int64_t now);
/* Can another turn be given at once? */
bool pass_ready(const struct delivery *d);
/*
 * For orders: takes k, which is not worked on and waits for nothing; e_r is
 * in work then.  What is not TAKEN comes back by itself.
 */
enum taken pass_take(struct delivery *d, struct known *k, struct entry **e_r);
/* Gives it back, due at once, or forgets it, which is done. */
void pass_put_back(struct delivery *d, struct entry *e);
void pass_forget(struct delivery *d, struct entry *e);
/*
 * e, which is ours and whose recipients are with no channel, gets its end:
 * notices, marks, and the queue or the agenda; e is gone.
 */
void pass_settle(struct delivery *d, struct entry *e);
/*
 * At the start, for each file in marks/: removes it if it has no entry, and
 * repeats the notices of an entry that owes some, before anything is
 * delivered.
 */
void pass_replay(struct delivery *d, const char *id);
/*
 * For an entry of the journal, new in the agenda: the same.  late: deliver
 * runs already.  False if its file holds now: it was moved before a crash.
 */
bool pass_found(struct delivery *d, struct known *k, bool late);
/* At the end of a turn: what was set aside for it becomes files. */
void pass_spill(struct delivery *d);
/* The delivery has no entries any more. */
void pass_free(struct delivery *d);

#endif

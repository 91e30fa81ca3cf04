/*
 * pass - one pass over one entry: notices that are still owed, jobs for the
 * channels, marks for their answers, a notice for new failures, and the end.
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

#define PASS_ACTIVE 1000	/* the most entries to work on at once */
#define PASS_NOTICE_MS 10000	/* until submit is asked again */

/* A notice that submit may or may not have: it must not be delivered yet. */
struct held {
	struct held *next;
	char id[TRACE_ID];
};

struct delivery {
	struct depot depot;
	struct agenda *agenda;
	struct channels channels;
	const char *hostname;
	char submit[160];	/* submit's socket */
	struct held *held;
	int64_t quiet;		/* submit failed: not asked before that */
	int64_t started;	/* microseconds since 1970 */
	size_t active, most;	/* entries in work; two descriptors each */
	struct spill spill;	/* from the journal to files, this turn */
	int64_t journal_time;	/* after which an entry goes there */
	bool once;		/* -o: each entry gets one pass */
	bool stopping;
};

/* Sets the channels' callbacks to this module's. */
void pass_init(struct delivery *d);
/* Gives the entry its turn; it comes back to the agenda by itself. */
void pass_begin(struct delivery *d, struct known *k);
/* Gives entries a turn that waited for a channel that was full. */
void pass_feed(struct delivery *d);
/*
 * At the start, for each file in marks/: removes it if it has no entry, and
 * repeats the notice of an entry that owes one, before anything is delivered.
 */
void pass_replay(struct delivery *d, const char *id);
/*
 * For an entry of the journal, new in the agenda: the same.  late: deliver
 * runs already.  False if its file holds now: it was moved before a crash.
 */
bool pass_found(struct delivery *d, struct known *k, bool late);
/* At the end of a turn: what was set aside for it becomes files. */
void pass_spill(struct delivery *d);
void pass_free(struct delivery *d);

#endif

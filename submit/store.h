/*
 * store - where a batch of messages becomes durable, decided here alone: in
 * files of their own (queue.h), or in the journal (journal.h).
 *
 * The journal takes what it has room for; what was streamed, is large, or is
 * a notice goes into a file, and so does all when no segment is free.
 */
#ifndef SUBMIT_STORE_H
#define SUBMIT_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include "lib/buf.h"
#include "lib/syncers.h"
#include "submit/journal.h"
#include "submit/queue.h"

struct job {
	struct job *next;
	struct entry *entry;
	struct buf held;	/* what is not in the entry's file yet */
	size_t header;		/* of which so much is header */
	bool notice;		/* an id that exists already is no error */
	void *owner;		/* the receiving loop's own */

	struct reply reply;	/* the answer: QUEUED, or a refusal for now */
	int error;		/* errno, 0 if good */
	const char *failed;	/* the step that failed */
	bool again;		/* a notice that was there already */
};

#define STORE_BATCH 256	/* jobs that are made durable together */

struct store {
	struct spool *spool;
	struct syncers *syncers;
	struct journal *journal;	/* null: files alone */
};

/*
 * One batch, here and now: at most STORE_BATCH jobs; every job of the list
 * has its answer then, and what was said to be queued is durable.
 */
void store_batch(struct store *s, struct job *list);

#endif

/*
 * commit - the syncing thread: makes finished messages durable, a batch at a
 * time, and never waits for a client.
 *
 * For each batch: all files are written, their write-out is started together,
 * each gets its name, all are synced at once (syncers.h), and queue/ is synced
 * once for all.  Only then is any of them answered.
 *
 * The receiving loop hands a job over and gets it back; in between it may not
 * touch the job's entry or bytes.
 */
#ifndef SUBMIT_COMMIT_H
#define SUBMIT_COMMIT_H

#include <stdbool.h>
#include "lib/buf.h"
#include "lib/mm.h"
#include "submit/queue.h"
#include "submit/recover.h"
#include "lib/syncers.h"

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

#define COMMIT_BATCH 256	/* jobs that are made durable together */

/*
 * One batch, here and now: at most COMMIT_BATCH jobs; every job of the list
 * has its answer then.
 */
void commit_batch(struct spool *s, struct syncers *y, struct job *list);

struct commit;

/*
 * Starts the thread, and threads more to sync with.  recover may be null; it
 * is worked on in idle time.
 */
struct commit *commit_start(struct spool *s, struct recover *recover,
    int threads);
/* Takes what is given back; readable when there is something. */
int commit_fd(const struct commit *c);
void commit_give(struct commit *c, struct job *j);
/* What is done, a list in the order given; null if there is none. */
struct job *commit_done(struct commit *c);
/* Finishes what was given, ends the thread, frees. */
void commit_stop(struct commit *c);

#endif

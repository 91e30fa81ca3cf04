/*
 * commit - the syncing thread: makes finished messages durable, a batch at a
 * time (store.h), and never waits for a client.
 *
 * The receiving loop hands a job over and gets it back; in between it may not
 * touch the job's entry or bytes.
 *
 * Where a sync is quick, messages that come one by one get one each.  So a
 * batch waits for others until commit-delay after the last one's start, or
 * until as many are here as lately ever were at once: someone who is alone
 * waits for nobody, and how many are connected does not matter.  A hostile
 * caller can make others wait for that long, and no longer.
 */
#ifndef SUBMIT_COMMIT_H
#define SUBMIT_COMMIT_H

#include "submit/recover.h"
#include "submit/store.h"

struct commit;

/*
 * Starts the thread.  recover may be null; it is worked on in idle time.
 * delay_ms 0: nothing waits for others.
 */
struct commit *commit_start(struct store *s, struct recover *recover,
    int64_t delay_ms);
/* Takes what is given back; readable when there is something. */
int commit_fd(const struct commit *c);
void commit_give(struct commit *c, struct job *j);
/* What is done, a list in the order given; null if there is none. */
struct job *commit_done(struct commit *c);
/* Finishes what was given, ends the thread, frees. */
void commit_stop(struct commit *c);

#endif

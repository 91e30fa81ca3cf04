/*
 * worker - one channel program that is kept alive for jobs.
 *
 * One that ends, says nonsense or takes too long is killed.  What it did is
 * concluded only when it is reaped: until then it may still deliver.
 */
#ifndef CHANS_WORKER_H
#define CHANS_WORKER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "chans/job.h"
#include "chans/spawner.h"
#include "lib/mm.h"

#define WORKER_IDLE_MS 60000	/* an idle program ends after it */
#define WORKER_ENDING_MS 5000	/* it may take to end */

struct worker {
	pid_t pid;		/* 0: none; negative: the spawner's number */
	struct spawner *by;	/* who started it; null: we */
	int sock;		/* -1: it is ending, or was killed */
	bool old;		/* of an earlier configuration */
	bool useful;		/* it has answered something */
	uint32_t most;		/* jobs that it takes at a time */
	uint64_t had;		/* worker_knows(): of its last job */
	struct job *jobs;	/* that it was given */
	int64_t deadline;	/* of the next answer; idle, ending: its end */
	const char *why;	/* why it was killed, or null */
};

/*
 * Starts path as "program channel" with fds from 0 on; the first becomes the
 * end of its socket.  -1 with errno.
 */
MM_MUST_USE int worker_start(struct worker *w, const char *path,
    const char *program, const char *channel, const int *fds, int nfds);
/*
 * The same by the spawner, as the channel's pipe-user; alive and log are those
 * of programs (chanproto.h), log may be -1.
 */
MM_MUST_USE int worker_spawn(struct worker *w, struct spawner *s,
    const char *channel, int alive, int log);
/* What it has answered is still heard when it is reaped. */
void worker_kill(struct worker *w, const char *why);
/* One whose answers mean nothing. */
void worker_disown(struct worker *w, const char *why);
/* One that reads the end, or closed its own, ends by itself, or is made to. */
void worker_dismiss(struct worker *w, int64_t now);
bool worker_idle(const struct worker *w);
/* A destination as a worker remembers it: it may have a connection there. */
uint64_t worker_knows(const struct dest *d);
/* The job that a is about, if it was asked and not answered; else null. */
struct job *worker_answered(const struct worker *w,
    const struct chan_answer *a);
/* Takes a job from it that is over. */
void worker_lose(struct worker *w, struct job *j);
/* Waits for an idle one to end, or kills it: it loses nothing. */
void worker_end(struct worker *w, int64_t deadline);

#endif

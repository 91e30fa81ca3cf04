/*
 * channel - a destination channel as deliver sees it: its jobs, and up to
 * delivery-processes channel programs that are kept alive for them.
 *
 * A program that ends, says nonsense or takes longer than delivery-timeout is
 * killed; recipients that it did not answer are "later".  What it did is
 * concluded only when it is reaped: until then it may still deliver.  Jobs
 * that were given to it together go to the next program one by one, so that
 * only the one that is to blame has failed.
 */
#ifndef CHANS_CHANNEL_H
#define CHANS_CHANNEL_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "chans/chanproto.h"
#include "chans/depot.h"
#include "lib/conf.h"

#define CHANNEL_IDLE_MS 60000	/* an idle program ends after it */
#define CHANNEL_QUEUED 64	/* jobs that may wait before it is full */
#define CHANNEL_ENDING_MS 5000	/* it may take to end */
#define CHANNEL_USELESS 2	/* programs that failed before a pause: one
				 * may have had a message that it dies of */
#define CHANNEL_PAUSE_MS 5000	/* no new program meanwhile */

/* Some recipients of one entry for one channel. */
struct job {
	struct entry *entry;
	struct job *next;
	size_t left;		/* how many are not answered */
	struct chan_request request;
	bool answered[CHANPROTO_RECIPIENTS];
};

struct worker {
	pid_t pid;
	int sock;		/* -1: it is ending, or was killed */
	bool old;		/* of an earlier configuration */
	bool useful;		/* it has answered something */
	uint32_t most;		/* jobs that it takes at a time */
	struct job *jobs;	/* that it was given */
	int64_t deadline;	/* of the next answer; idle, ending: its end */
	const char *why;	/* why it was killed, or null */
};

struct channel {
	struct channel *next;
	char name[CONF_NAME];
	char program[CONF_NAME + 8];	/* "ch_local"; "" for none */
	int64_t timeout, retry_first, retry_most, expire;	/* ms */
	int processes;
	struct worker *workers;
	int nworkers;
	struct job *first, **last;	/* that no program has yet */
	size_t njobs;
	uint32_t serial;	/* of the last request */
	size_t single;		/* so many jobs are given alone */
	struct job *building;
	struct known *waiting, **waiting_last;	/* while it is full */
	int useless;		/* programs in a row that answered nothing */
	int64_t paused;			/* until then */
	char trouble[128];		/* how the last program ended */
};

/* What the channels of one deliver share. */
struct channels {
	struct channel *first;
	const struct conf *conf;
	int conf_fd;		/* the configuration record */
	int log_fd;		/* the log socket or -1 */
	int alive_fd;		/* programs have it, too: depot.h */
	void *ctx;
	/* A checked answer; then, once for each job, its end. */
	void (*answer)(void *ctx, struct entry *e,
	    const struct chan_answer *a);
	void (*end)(void *ctx, struct entry *e);
};

/* Brings in a configuration: old programs end when they are idle. */
void channels_settings(struct channels *cs, const struct conf *c, int fd);
/* Never null: a channel that is not configured has no program. */
struct channel *channel_get(struct channels *cs, const char *name);
bool channel_full(const struct channel *ch);
/* Adds a recipient to the job that is being built for e; then flush. */
void channel_add(struct channel *ch, struct entry *e, uint32_t index,
    bool repeat);
void channel_flush(struct channel *ch);

/*
 * Hands out jobs, kills what is too late, ends what is idle.  stopping: no
 * new jobs.  Gives when it must be called again at the latest.
 */
int64_t channels_run(struct channels *cs, int64_t now, bool stopping);
/* Fills p_r with at most most sockets to wait for; how many. */
size_t channels_poll(const struct channels *cs, struct pollfd *p_r,
    size_t most);
void channels_hear(struct channels *cs, const struct pollfd *p, size_t n);
/* Concludes for a process that was reaped; false if it is none of ours. */
bool channels_reaped(struct channels *cs, pid_t pid, int status);
/* Takes back jobs that no program has; their entries get end, no answers. */
void channels_drop(struct channels *cs);
bool channels_busy(const struct channels *cs);
/* Closes all sockets and waits for the programs to end. */
void channels_close(struct channels *cs);

#endif

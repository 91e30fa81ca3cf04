/*
 * channel - a destination channel as deliver sees it: its settings, its
 * destinations, its jobs, and up to delivery-processes programs (programs.h).
 */
#ifndef CHANS_CHANNEL_H
#define CHANS_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "chans/chanproto.h"
#include "chans/depot.h"
#include "chans/dest.h"
#include "chans/job.h"
#include "chans/schedule.h"
#include "chans/worker.h"
#include "lib/conf.h"

#define CHANNEL_QUEUED 64	/* jobs that may wait before it is full */

struct channel {
	struct channel *next;
	char name[CONF_NAME];
	char program[CONF_NAME + 8];	/* "ch_local"; "" for none */
	bool foreign;			/* as another user: the spawner's */
	struct schedule schedule;
	int64_t timeout;		/* ms */
	int destination;		/* DESTINATION_..., but not AUTO */
	struct dests dests;
	struct jobs jobs;	/* that no program has yet */
	size_t single;		/* so many jobs are given alone */
	int processes;
	struct worker *workers;
	int nworkers;
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
	struct spawner spawner;	/* of programs as other users */
	bool once;		/* no destination is left alone */
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
/* By which name r's destination is known in ch. */
const char *channel_destination(const struct channel *ch,
    const struct qfile_recipient *r);
/* No more entries now: what is there is enough for its programs. */
bool channel_full(const struct channel *ch);
/* Adds a recipient to what e has for ch. */
void channel_add(struct channel *ch, struct entry *e, uint32_t index,
    bool repeat);
/*
 * The job, which is in no list, is over.  why: the answer, later, for those
 * that have none; null: they get none.  What its answers said of the
 * destination holds for the others that wait for it.
 */
void channel_end(struct channels *cs, struct channel *ch, struct job *j,
    const char *code, const char *why);
/* Takes back all jobs that no program has; their entries get end. */
void channels_drop(struct channels *cs);

#endif

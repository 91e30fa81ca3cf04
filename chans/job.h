/*
 * job - recipients of one entry that a channel program is, or will be, asked
 * to deliver to, and the queue of jobs that no program has yet.
 */
#ifndef CHANS_JOB_H
#define CHANS_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "chans/chanproto.h"
#include "chans/depot.h"
#include "chans/dest.h"

/* All for one destination. */
struct job {
	struct entry *entry;
	struct dest *dest;
	struct job *next;
	size_t left;		/* how many are not answered */
	bool down;		/* an answer said that the host is */
	struct chan_answer last;	/* which one */
	struct chan_request request;
	bool answered[CHANPROTO_RECIPIENTS];
};

struct jobs {
	struct job *first, **last;
	size_t n;
	uint32_t serial;	/* of the last request */
};

void jobs_init(struct jobs *js);
/*
 * Adds a recipient to the last job of e for d, if no program has it yet, or
 * to a new one, which keeps d busy.
 */
void jobs_add(struct jobs *js, struct dests *ds, struct dest *d,
    struct entry *e, uint32_t index, bool repeat);
/* Would another recipient of e be added to j (null: no)? */
bool jobs_joins(const struct job *j, const struct entry *e);
/* Takes the first one out; null if there is none. */
struct job *jobs_pop(struct jobs *js);
/* The first for d, likewise. */
struct job *jobs_pop_for(struct jobs *js, const struct dest *d);
/* Puts j before *at, which is js->first or a job's next. */
void jobs_put_back(struct jobs *js, struct job **at, struct job *j);

#endif

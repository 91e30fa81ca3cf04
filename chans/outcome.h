/*
 * outcome - what answers of channel programs, time and operators make of the
 * recipients of an entry: their marks, and the log.
 */
#ifndef CHANS_OUTCOME_H
#define CHANS_OUTCOME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "chans/pass.h"

/* channels' and tell's callbacks; ctx is the delivery. */
void outcome_answer(void *ctx, struct entry *e, const struct chan_answer *a);
int64_t outcome_end(void *ctx, const struct entry *e, size_t i);

bool outcome_is_due(const struct mark *m, int64_t wall);
/* All that waits to be tried again is due. */
void outcome_hurry(struct entry *e, int64_t wall);
/*
 * Before it is tried and after: whose time is over has failed, and warnings
 * that are due are marked.
 */
void outcome_judge(struct delivery *d, struct entry *e, int64_t wall);
/* All that is not over has failed, by an operator's word. */
void outcome_bounce(struct delivery *d, struct entry *e, const char *why);
/*
 * When something is to be done for a recipient, and when though all of them
 * wait: times of the wall clock; SCHEDULE_NEVER.
 */
int64_t outcome_next(struct delivery *d, const struct entry *e,
    int64_t wall);
int64_t outcome_deadline(struct delivery *d, const struct entry *e,
    int64_t wall);

#endif

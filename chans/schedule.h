/*
 * schedule - when a recipient is tried again, given up, and its sender told
 * that it takes long: the settings of a channel, and what the sender asked
 * for (RFC 2852, RFC 3461, RFC 4865).  Pure.
 *
 * Times of an entry are microseconds since 1970, waits milliseconds.
 */
#ifndef CHANS_SCHEDULE_H
#define CHANS_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/qfile.h"
#include "lib/settings.h"

#define SCHEDULE_NEVER INT64_MAX
#define SCHEDULE_WARNINGS 8	/* warn-after has no more */

struct schedule {
	int64_t first, most, expire, expire_notices;
	int64_t warn[SCHEDULE_WARNINGS];	/* in order */
	size_t nwarn;
};

void schedule_set(struct schedule *s_r, const struct settings *v);
/* Until when it is held for its sender; 0: it is not. */
int64_t schedule_hold(const struct qfile *q, int64_t now);
/* When it is given up; early_r: by its sender's own wish (DELIVERBY, R). */
int64_t schedule_end(const struct schedule *s, const struct qfile *q,
    bool *early_r);
/* When to try again after that many tries that failed; not after the end. */
int64_t schedule_next(const struct schedule *s, const struct qfile *q,
    size_t recipient, uint32_t tries, int64_t now);
/*
 * The last time after told and not after now at which the sender of that
 * recipient is to be warned; 0: none.  And the first one after now.
 */
int64_t schedule_warning(const struct schedule *s, const struct qfile *q,
    size_t recipient, int64_t told, int64_t now);
int64_t schedule_next_warning(const struct schedule *s,
    const struct qfile *q, size_t recipient, int64_t now);

#endif

/*
 * asks - what a caller wants done with a message: checked again, and as the
 * records of its entry.
 *
 * A session has checked all of it with the same code (asked.h); one that sends
 * something else is broken or not ours, and its connection ends.
 */
#ifndef SUBMIT_ASKS_H
#define SUBMIT_ASKS_H

#include <stdbool.h>
#include "lib/mm.h"
#include "lib/qfile.h"
#include "lib/settings.h"
#include "lib/subproto.h"

bool asks_good(const struct sub_envelope *e);
bool asks_recipient_good(const struct sub_envelope *e,
    const struct sub_recipient *r);
/*
 * What of it the settings in force for the caller do not let it ask for: a
 * constant word; or null.  now is microseconds since 1970.
 */
const char *asks_beyond(const struct sub_envelope *e,
    const struct settings *v, int64_t now);
const char *asks_recipient_beyond(const struct sub_recipient *r,
    const struct settings *v);
/* A record for each that was asked for; -1 if b is full. */
MM_MUST_USE int asks_put(struct buf *b, const struct sub_envelope *e);

#endif

/*
 * relay_dead - the servers that could not be reached lately, so that not
 * every message waits for the same one.
 *
 * Of this process alone: deliver hears of it by CHAN_HOST_DOWN.
 */
#ifndef CHANS_RELAY_DEAD_H
#define CHANS_RELAY_DEAD_H

#include <stdbool.h>
#include <stdint.h>
#include "chans/chanproto.h"
#include "chans/relay_wire.h"

#define RELAY_DEAD_MOST 64	/* then who is back first is forgotten */

struct relay_dead {
	struct relay_dead_one {
		struct relay_place place;
		int64_t wait;		/* 0: nobody is here */
		int64_t until;
		struct chan_answer why;
	} one[RELAY_DEAD_MOST];
};

/* Whether it is not to be tried now; then *why_r is what went wrong. */
bool relay_dead_is(const struct relay_dead *d, const struct relay_place *p,
    int64_t now, struct chan_answer *why_r);
/*
 * It failed: not before first ms have passed, twice as long each time that it
 * fails again, at most most.
 */
void relay_dead_mark(struct relay_dead *d, const struct relay_place *p,
    int64_t now, int64_t first, int64_t most, const struct chan_answer *why);
void relay_dead_clear(struct relay_dead *d, const struct relay_place *p);

#endif

/*
 * space - what the queue's file system has left.
 *
 * submit looks, and writes it into its table of counts (counts.h), where
 * sessions read it: a client hears of it at MAIL and not after it has sent its
 * message.  That is advice, submit decides for itself: the numbers are read
 * one by one, which may mix two moments, and old ones say nothing.
 */
#ifndef LIB_SPACE_H
#define LIB_SPACE_H

#include <stdbool.h>
#include <stdint.h>
#include "lib/counts.h"

#define SPACE_EVERY_MS 1000	/* how often submit looks */
#define SPACE_STALE_MS 10000	/* and after how long it is gone */
/* What a message takes besides its text: header, trace line, whole blocks. */
#define SPACE_EACH 8192
#define SPACE_MOST (1LL << 40)	/* no message is larger */

struct space {
	int64_t bytes;		/* free; -1: it could not be asked */
	int64_t inodes;		/* free; -1: it does not count them */
	/* Taken, or to be taken, by messages that are under way: what was
	 * there when it was looked at, less what was written since. */
	int64_t flight_bytes, flight_messages;
};

/* Which minimum would be missed, and by what. */
struct space_lack {
	const char *setting;
	int64_t value, least;
};

/* now is monotonic (clock.h). */
void space_show(struct counts *c, const struct space *s, int64_t now);
/* False where there is none (c is null), or it is old. */
bool space_seen(const struct counts *c, int64_t now, struct space *s_r);
/* What a message of so many bytes takes; -1: nobody says how many. */
int64_t space_cost(int64_t bytes);
/*
 * Is there room for one more message of so many bytes, besides those under
 * way?  True, or false with what lacks.  A minimum of 0
 * is none.
 */
bool space_fits(const struct space *s, int64_t bytes, int64_t least_bytes,
    int64_t least_inodes, struct space_lack *lack_r);

#endif

/*
 * spill - entries of the journal that are not finished become files of the
 * queue, so that their segments can be used again.
 *
 * Each is written to tmp/ID, with its marks in marks/ID, and synced before it
 * is named queue/ID and the name synced; only then it is done in the journal.
 * What a crash leaves in between is told apart by depot_moved().
 */
#ifndef CHANS_SPILL_H
#define CHANS_SPILL_H

#include <stdbool.h>
#include <stddef.h>
#include "chans/depot.h"

#define SPILL_MOST 64		/* entries at a time */

struct spill {
	struct entry *entry[SPILL_MOST];
	int64_t due[SPILL_MOST];	/* the caller's */
	size_t n;
};

/*
 * Moves all of them.  moved_r[i]: it is a file of the queue now, and its known
 * says so.  The others stay where they are; what failed is logged.
 */
void spill_all(struct depot *s, const struct spill *sp,
    bool moved_r[SPILL_MOST]);

#endif

/*
 * trash - what was deleted from the queue by an operator, for a while:
 * trash/ID, and trash/ID.marks where anything became of it before.
 *
 * Moved back, the marks first, while deliver is not running, it is as if it
 * had never been deleted.
 */
#ifndef CHANS_TRASH_H
#define CHANS_TRASH_H

#include "chans/depot.h"

/*
 * Makes the copy, durable; the entry is still in the queue.  A second one
 * takes the place of the first.  0, or -1 with errno.
 */
MM_MUST_USE int trash_keep(struct depot *s, struct entry *e);
/* Removes what is older than so many milliseconds. */
void trash_purge(struct depot *s, int64_t ms);

#endif

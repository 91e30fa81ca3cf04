/*
 * greylist - who has been here before: networks with a sender and a recipient,
 * and networks that proved themselves, in a durable store.
 *
 * For lookup.  What is new waits in memory for greylist_save(), which makes it
 * durable; a power cut costs what came since, no more.  Two processes may have
 * the store open, as old and new lookup do for a moment.  Keys are hashes with
 * a secret of the store's: nobody can choose two that collide, and no address
 * is kept.
 */
#ifndef TABLES_GREYLIST_H
#define TABLES_GREYLIST_H

#include <stdbool.h>
#include <stdint.h>
#include "lib/buf.h"
#include "lib/net.h"

/* All in seconds. */
struct greylist_rules {
	int64_t delay;		/* a new one comes again after it */
	int64_t window;		/* and before that, else it is new */
	int64_t keep;		/* how long one that passed is known */
	int64_t passes;		/* so many make its network known; 0: never */
};

enum grey {
	GREY_WAIT,	/* it is new, or came too soon */
	GREY_PASS,	/* it came again */
	GREY_KNOWN,	/* its network has proved itself */
	GREY_BROKEN	/* the store cannot say */
};

struct greylist;

/* dir is made if it is not there.  Null with why. */
struct greylist *greylist_open(const char *dir, struct buf *why_r);
void greylist_close(struct greylist *g);
/*
 * net: the client's network, with the rest zero.  now: wall clock, seconds.
 * GREY_WAIT: wait_r gets how many seconds are left.
 */
enum grey greylist_ask(struct greylist *g, const struct netaddr *net,
    const char *sender, const char *recipient,
    const struct greylist_rules *r, int64_t now, int64_t *wait_r);
/* What that would say; nothing is remembered. */
enum grey greylist_look(struct greylist *g, const struct netaddr *net,
    const char *sender, const char *recipient,
    const struct greylist_rules *r, int64_t now, int64_t *wait_r);
/* Is there anything to save?  And so much that it should be at once? */
bool greylist_unsaved(const struct greylist *g);
bool greylist_full(const struct greylist *g);
/*
 * Makes durable what is new, and forgets some of what is too old.  -1 with
 * why: what is new is lost, and who would have to wait is GREY_BROKEN until a
 * later one succeeds.
 */
MM_MUST_USE int greylist_save(struct greylist *g,
    const struct greylist_rules *r, int64_t now, struct buf *why_r);

#endif

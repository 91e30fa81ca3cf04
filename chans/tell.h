/*
 * tell - what the sender of an entry is told: groups recipients, sends their
 * notices, and keeps track so that each is told exactly once.
 *
 * What is to be told is marked, and the marks synced, before the notice is
 * sent, so that a repeat after a crash has the same identifier and submit
 * knows it again.  Until submit said that it has the notice, an entry of that
 * identifier is not delivered (withheld): once delivered and removed, submit
 * could not know it.
 */
#ifndef CHANS_TELL_H
#define CHANS_TELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "chans/depot.h"
#include "chans/dsn.h"

#define TELL_AGAIN_MS 10000	/* until submit is asked again */
#define TELL_BUCKETS 1024

struct withheld;

struct tell {
	const char *hostname;
	char submit[160];	/* submit's socket */
	int64_t full_most;	/* larger ones are not returned whole */
	int64_t quiet;		/* submit failed: not asked before that */
	struct withheld *bucket[TELL_BUCKETS];
	/* When recipient i is given up, in microseconds since 1970. */
	int64_t (*until)(void *ctx, const struct entry *e, size_t i);
	void *ctx;
};

void tell_free(struct tell *t);
bool tell_withholds(const struct tell *t, const char *id);
/*
 * Marks what the last answers brought: those that are told in one notice form
 * a group, named by its lowest; those that are not told are over.
 */
void tell_group(struct entry *e);
/* The same for a warning, named at, of those for which due says so. */
void tell_warn(struct entry *e, const uint32_t *at);
/* Recipient i is warned of no more: it has come to an end. */
void tell_calm(struct tell *t, struct entry *e, size_t i);
bool tell_owes(const struct entry *e);
/* After a crash: entries of the identifiers that are owed are withheld. */
void tell_withhold(struct tell *t, const struct entry *e);
/* Sends what is owed, and marks it as told.  Its marks must be synced. */
void tell_send(struct tell *t, struct entry *e);

#endif

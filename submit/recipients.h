/*
 * recipients - the routed recipients of one message, as the records that go
 * into its entry; those with the same route are one.
 */
#ifndef SUBMIT_RECIPIENTS_H
#define SUBMIT_RECIPIENTS_H

#include <stddef.h>
#include <stdint.h>
#include "lib/buf.h"
#include "lib/mm.h"
#include "lib/qfile.h"

struct recipients {
	size_t n;		/* different ones */
	struct buf records;	/* encoded, in the order they came */
	struct buf keys;	/* what makes each of them different */
	size_t room;		/* of slots; a power of two, or 0 */
	struct recipients_slot *slots;
};

void recipients_init(struct recipients *r);
void recipients_free(struct recipients *r);
/* Adds it, unless its route is there already; -1 if there are too many. */
MM_MUST_USE int recipients_add(struct recipients *r,
    const struct qfile_recipient *one);

#endif

/*
 * prefix - which prefix lengths a table has, and the search through them.
 */
#ifndef TABLES_PREFIX_H
#define TABLES_PREFIX_H

#include <stdbool.h>
#include <stdint.h>
#include "tables/tb.h"
#include "tables/tbrow.h"

#define PREFIX_LENGTHS 129

/* A count would do as well: whether there is a row of that length. */
struct prefixes {
	uint8_t v4[PREFIX_LENGTHS], v6[PREFIX_LENGTHS];
};

/* There is this row: notes its length, and in holds what its key is. */
void prefix_note(struct prefixes *p, int *holds, const struct tbrow *r);

/*
 * Asks find for the address, then for its prefixes that p has, longest first,
 * until it answers anything but "not found"; with tb_exact, hence holds.
 */
enum tb_answer prefix_find(const struct prefixes *p, int holds,
    const struct netaddr *a, enum tb_answer (*find)(void *state,
    const char *key, size_t len, struct buf *value_r, int *line_r),
    void *state, struct buf *value_r, int *line_r);

#endif

/*
 * chunk_lines - the text of BDAT: its lines end in LF from here on; bare CR,
 * bare LF and NUL are refused (RFC 5321 2.3.8, RFC 3030 section 2).
 *
 * Pure, and any split of the text gives the same result: the CR of a line may
 * be the end of one chunk and its LF the start of the next.  Nothing ends the
 * text but the count of its octets, so no dot means anything.
 */
#ifndef SMTPSRVR_CHUNK_LINES_H
#define SMTPSRVR_CHUNK_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include "lib/mm.h"

/* All zero: nothing came yet. */
struct chunk_lines {
	bool cr;	/* the last octet was a CR: its LF is to come */
	bool inside;	/* within a line, not at its start */
};

/*
 * Changes the len bytes at p in their place into *made_r, which are no more.
 * -1: the text is void.
 */
MM_MUST_USE int chunk_lines_take(struct chunk_lines *c, char *p, size_t len,
    size_t *made_r);

#endif

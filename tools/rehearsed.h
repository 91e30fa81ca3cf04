/*
 * rehearsed - what a log says of checks that are tried: how often each would
 * have refused, and whom.
 */
#ifndef TOOLS_REHEARSED_H
#define TOOLS_REHEARSED_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define REHEARSED_WORD 64	/* the name of a check, an address */
#define REHEARSED_LINE 1100	/* of the log, without what goes before it */

/* One host, and one check that would have refused it. */
struct rehearsed_host {
	char check[REHEARSED_WORD], ip[REHEARSED_WORD];
	uint64_t n;
	char said[REHEARSED_LINE];	/* the last of these events */
};

struct rehearsed {
	void *tree;
	size_t n;
	struct rehearsed_host **at;	/* sorted by rehearsed_sort() */
};

/* Takes in one line, whatever it is. */
void rehearsed_line(struct rehearsed *r, const char *line);
/* By check, and the most frequent hosts first. */
void rehearsed_sort(struct rehearsed *r);
/* How many from i on are of the same check; n_r: events of all of them. */
size_t rehearsed_of_check(const struct rehearsed *r, size_t i, uint64_t *n_r);
void rehearsed_free(struct rehearsed *r);

#endif

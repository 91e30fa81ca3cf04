/*
 * sidecar - NAME.sum: what a GDBM table must look like, and what is in it.
 *
 *	inlet-table 2
 *	new DIGEST ROWS [addresses] [names] [negations]
 *	    [4/BITS]... [6/BITS]...
 *	old DIGEST ROWS ...
 *	sum SUM
 *
 * The sum is of all lines before: what is said here of a table's prefixes
 * decides what is looked up, so damage must not be believed.
 *
 * dbmbuild has it in place before the new table, so that whichever of the two
 * is there when something breaks is known.
 */
#ifndef TABLES_SIDECAR_H
#define TABLES_SIDECAR_H

#include <stdbool.h>
#include "lib/digest.h"
#include "tables/prefix.h"

#define SIDECAR_END ".sum"

struct sidecar_table {
	char digest[DIGEST_HEX];	/* empty: there is no such line */
	int64_t rows;
	int holds;			/* TB_ADDRESSES and so on */
	struct prefixes prefixes;
};

struct sidecar {
	struct sidecar_table new, old;
};

/*
 * Reads the sidecar of the table at path.  -1 with "path: reason" when it is
 * not there or not to be understood.
 */
MM_MUST_USE int sidecar_read(const char *path, struct sidecar *s_r,
    struct buf *why_r);
/* Its text, which is all that is in b then. */
MM_MUST_USE int sidecar_print(const struct sidecar *s, struct buf *b);
/* The line with that digest, or null. */
const struct sidecar_table *sidecar_find(const struct sidecar *s,
    const char digest[DIGEST_HEX]);

#endif

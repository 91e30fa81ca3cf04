/*
 * patrow - the text of a table of patterns: a pattern and a value a line,
 * inlet-tables(5).
 *
 *	/pattern/ value		/pattern/i value	!/pattern/
 *
 * Only the row is taken apart; whether the pattern is one, PCRE2 says.
 */
#ifndef TABLES_PATROW_H
#define TABLES_PATROW_H

#include <stdbool.h>
#include "tables/tbrow.h"

#define PATROW_PATTERN 4096	/* longest pattern */

/* key points into the line that was parsed; pattern, into the key. */
struct patrow {
	const char *key;	/* as it is written, its '!' and flags too */
	const char *pattern;
	size_t klen, plen;
	bool negated, any_case;
	struct tbrow row;	/* for its value */
};

/* One line without its LF, as tbrow_parse takes it. */
MM_MUST_USE int patrow_parse(struct patrow *r, const char *line, size_t len,
    char *why_r, size_t size);

#endif

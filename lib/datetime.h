/*
 * datetime - moments as RFC 3339 writes them.
 *
 * Without the C library's zones: those are a file, which no session may open.
 */
#ifndef LIB_DATETIME_H
#define LIB_DATETIME_H

#include <stdint.h>
#include "lib/mm.h"

#define DATETIME_TEXT 21	/* "2026-11-21T00:30:00Z" and its NUL */

/*
 * "2026-11-21T01:30:00.25+01:00", all of s: seconds since 1970, a fraction
 * dropped.  -1 for what is no date-time from 1970 to 9999.
 */
MM_MUST_USE int datetime_parse(const char *s, int64_t *seconds_r);
/* In UTC. */
const char *datetime_text(int64_t seconds, char dst[DATETIME_TEXT]);

#endif

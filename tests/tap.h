/*
 * tap - ok, is, skip, and the plan at the end.  A test program exits 0 once
 * its plan is complete, whatever failed: the driver counts the lines.
 */
#ifndef TESTS_TAP_H
#define TESTS_TAP_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include "lib/mm.h"

static int tap_count;

MM_UNUSED static bool
tap_result(bool good, const char *what, const char *file, int line)
{
	printf("%sok %d - %s\n", good ? "" : "not ", ++tap_count, what);
	if (!good)
		printf("# at %s:%d\n", file, line);
	fflush(stdout);
	return good;
}

MM_UNUSED static bool
tap_is(const char *got, const char *want, const char *what, const char *file,
    int line)
{
	bool same = got != NULL && want != NULL && strcmp(got, want) == 0;

	tap_result(same, what, file, line);
	if (!same)
		printf("# got  \"%s\"\n# want \"%s\"\n", got ? got : "(null)",
		    want ? want : "(null)");
	return same;
}

MM_UNUSED static bool
tap_num(int64_t got, int64_t want, const char *what, const char *file,
    int line)
{
	tap_result(got == want, what, file, line);
	if (got != want)
		printf("# got  %" PRId64 "\n# want %" PRId64 "\n", got, want);
	return got == want;
}

#define ok(cond, what) tap_result((cond), (what), __FILE__, __LINE__)
#define is(got, want, what) tap_is((got), (want), (what), __FILE__, __LINE__)
#define num(got, want, what) \
	tap_num((int64_t)(got), (int64_t)(want), (what), __FILE__, __LINE__)
#define skip(what) printf("ok %d # SKIP %s\n", ++tap_count, (what))
#define done() (printf("1..%d\n", tap_count), 0)

#endif

/*
 * equal - whether two values of one setting are the same; for tests.
 */
#ifndef TESTS_LIB_EQUAL_H
#define TESTS_LIB_EQUAL_H

#include <string.h>
#include "lib/settings.h"

MM_UNUSED static bool
setting_equal(const struct settings *a, const struct settings *b,
    enum setting_id id)
{
	size_t at = setting_rows[id].offset;
	const void *x = (const char *)a + at, *y = (const char *)b + at;

	switch (setting_rows[id].type) {
	case SETTING_BOOL:
		return *(const bool *)x == *(const bool *)y;
	case SETTING_INT:
	case SETTING_DURATION:
	case SETTING_SIZE:
		return *(const int64_t *)x == *(const int64_t *)y;
	case SETTING_STRING:
		return strcmp(*(const char *const *)x,
		    *(const char *const *)y) == 0;
	case SETTING_LIST: {
		const struct strings *l = x, *m = y;

		if (l->n != m->n)
			return false;
		for (size_t i = 0; i < l->n; i++) {
			if (strcmp(l->at[i], m->at[i]) != 0)
				return false;
		}
		return true;
	}
	case SETTING_CHOICE:
		return *(const int *)x == *(const int *)y;
	}
	return false;
}

#endif

/*
 * rehearse - see rehearse.h.
 */
#include "config.h"

#include <string.h>

#include "tables/rehearse.h"

/* Settings spell with hyphens what is an underscore in the table's names. */
static bool
same(const char *word, const char *check)
{
	for (; *word != '\0'; word++, check++)
		if (*word != *check && !(*word == '-' && *check == '_'))
			return false;
	return *check == '\0';
}

bool
rehearse_has(const struct settings *set, const char *check)
{
	for (size_t i = 0; i < set->rehearse.n; i++)
		if (strcmp(set->rehearse.at[i], REHEARSE_ALL) == 0 ||
		    same(set->rehearse.at[i], check))
			return true;
	return false;
}

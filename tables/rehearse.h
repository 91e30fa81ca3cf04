/*
 * rehearse - checks that are tried: what they would refuse is logged and let
 * pass (the setting rehearse).
 *
 * Which may be is a column of smtpsrvr/checks.def; submit, which asks some of
 * them again, lets the same pass.
 */
#ifndef TABLES_REHEARSE_H
#define TABLES_REHEARSE_H

#include <stdbool.h>
#include "lib/settings.h"

#define REHEARSE_ALL "all"

/* Is the check tried, for whom these settings are? */
bool rehearse_has(const struct settings *set, const char *check);

#endif

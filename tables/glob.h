/*
 * glob - does a text match a shell pattern?
 *
 * Pure, and bounded: at most as many steps as the two lengths multiplied,
 * whatever the pattern is.  fnmatch(3) promises no such thing.
 */
#ifndef TABLES_GLOB_H
#define TABLES_GLOB_H

#include <stdbool.h>
#include <stddef.h>

/*
 *	*	any text, none too	[a-z]	one of these characters
 *	?	any character		[!x]	any other
 *	\c	c itself
 *
 * The whole text must match.  A dot or a slash is a character as any other.
 */
bool glob_match(const char *pattern, size_t plen, const char *text,
    size_t len);
/* Null if it is a pattern, else what is wrong with it. */
const char *glob_wrong(const char *pattern, size_t plen);

#endif

/*
 * glob - does a text match a shell pattern?  See glob.h.
 *
 * Patterns are the operator's, texts are what clients say.
 */
#include "config.h"

#include "tables/glob.h"

/*
 * The byte behind a set that begins at p, past its bracket: the first "]"
 * that is neither the set's first character nor escaped.  Null: none.
 */
static const char *
set_end(const char *p, const char *end)
{
	const char *first;

	if (p < end && *p == '!')
		p++;
	for (first = p; p < end; p++) {
		if (*p == ']' && p > first)
			return p + 1;
		if (*p == '\\' && ++p == end)
			break;
	}
	return NULL;
}

/* Takes one character of a set at *p_io, escaped or not. */
static unsigned char
set_character(const char **p_io)
{
	const char *p = *p_io;

	if (*p == '\\')
		p++;
	*p_io = p + 1;
	return (unsigned char)*p;
}

/* p: past the bracket; end: behind the closing one. */
static bool
in_set(const char *p, const char *end, unsigned char c)
{
	bool others = *p == '!', found = false;

	p += others;
	while (p < end - 1) {
		unsigned char low = set_character(&p), high = low;

		if (p[0] == '-' && p + 1 < end - 1) {
			p++;
			high = set_character(&p);
		}
		if (c >= low && c <= high)
			found = true;
	}
	return found != others;
}

/* Behind the element at p if it takes c, else null.  It is no star. */
static const char *
take(const char *p, const char *end, char c)
{
	const char *behind;

	switch (*p) {
	case '?':
		return p + 1;
	case '[':
		behind = set_end(p + 1, end);
		return behind != NULL && in_set(p + 1, behind,
		    (unsigned char)c) ? behind : NULL;
	case '\\':
		return p + 1 < end && p[1] == c ? p + 2 : NULL;
	default:
		return *p == c ? p + 1 : NULL;
	}
}

bool
glob_match(const char *pattern, size_t plen, const char *text, size_t len)
{
	const char *p = pattern, *end = pattern + plen;
	const char *t = text, *tend = text + len;
	const char *star = NULL, *from = NULL, *next;

	/*
	 * Of several stars only the last one need be tried with more text:
	 * what an earlier one could gain by it, the last can have as well.
	 */
	while (t < tend) {
		if (p < end && *p == '*') {
			star = ++p;
			from = t;
		} else if (p < end && (next = take(p, end, *t)) != NULL) {
			p = next;
			t++;
		} else if (star != NULL) {
			p = star;
			t = ++from;
		} else {
			return false;
		}
	}
	while (p < end && *p == '*')
		p++;
	return p == end;
}

const char *
glob_wrong(const char *pattern, size_t plen)
{
	const char *p = pattern, *end = pattern + plen;

	if (plen == 0)
		return "an empty pattern";
	while (p < end) {
		if (*p == '\\' && p + 1 == end)
			return "a backslash with nothing behind it";
		if (*p == '[') {
			p = set_end(p + 1, end);
			if (p == NULL)
				return "a [ without its ]";
			continue;
		}
		p += *p == '\\' ? 2 : 1;
	}
	return NULL;
}

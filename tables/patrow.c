/*
 * patrow - the text of a table of patterns; see patrow.h.
 *
 * Runs while a program starts; nothing a client sends comes here.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "tables/patrow.h"

static int
refuse(char *why_r, size_t size, const char *reason, const struct patrow *r)
{
	(void)snprintf(why_r, size, "%s \"%.*s\"", reason,
	    r->klen > 100 ? 100 : (int)r->klen, r->key);
	return -1;
}

/* The slash that ends the pattern, which has no backslash before it. */
static const char *
closing(const char *p, const char *end)
{
	for (; p < end && *p != '/'; p++)
		if (*p == '\\' && ++p == end)
			break;
	return p < end ? p : NULL;
}

/*
 * Keys come in lower case, so a capital that stands for itself would never
 * match.  One behind a backslash stands for something else.
 */
static bool
has_capital(const struct patrow *r)
{
	size_t i;

	for (i = 0; i < r->plen; i++) {
		if (r->pattern[i] == '\\')
			i++;
		else if (r->pattern[i] >= 'A' && r->pattern[i] <= 'Z')
			return true;
	}
	return false;
}

/* What is between the slash behind the pattern and the first blank. */
static int
take_flags(struct patrow *r, const char *p, const char *end, char *why_r,
    size_t size)
{
	r->any_case = false;
	for (; p < end && *p != ' ' && *p != '\t'; p++) {
		r->klen = (size_t)(p + 1 - r->key);
		if (*p != 'i')
			return refuse(why_r, size, "only i may stand behind "
			    "the pattern, and a blank before the value:", r);
		if (r->any_case)
			return refuse(why_r, size, "twice the same flag", r);
		r->any_case = true;
	}
	r->klen = (size_t)(p - r->key);
	return 0;
}

static int
take_pattern(struct patrow *r, const char *line, const char *end,
    char *why_r, size_t size)
{
	const char *p = line, *slash;

	r->key = line;
	r->klen = (size_t)(end - line);
	r->negated = *p == '!';
	p += r->negated;
	if (p == end || *p != '/')
		return refuse(why_r, size, *line == ' ' || *line == '\t' ?
		    "blank before a pattern (there are no continuation "
		    "lines):" : "no / before the pattern:", r);
	slash = closing(++p, end);
	if (slash == NULL)
		return refuse(why_r, size, "no / behind the pattern:", r);
	r->pattern = p;
	r->plen = (size_t)(slash - p);
	if (r->plen == 0)
		return refuse(why_r, size, "an empty pattern:", r);
	if (r->plen > PATROW_PATTERN)
		return refuse(why_r, size, "pattern too long:", r);
	if (take_flags(r, slash + 1, end, why_r, size) == -1)
		return -1;
	if (!r->any_case && has_capital(r))
		return refuse(why_r, size, "keys are in lower case, and there "
		    "is no i behind", r);
	return 0;
}

int
patrow_parse(struct patrow *r, const char *line, size_t len, char *why_r,
    size_t size)
{
	const char *end = line + len;
	size_t blank;

	if (tbrow_check_line(line, len, why_r, size) == -1)
		return -1;
	for (blank = 0; blank < len; blank++)
		if (line[blank] != ' ' && line[blank] != '\t')
			break;
	if (blank == len || line[blank] == '#')
		return 0;
	if (take_pattern(r, line, end, why_r, size) == -1 ||
	    tbrow_take_value(&r->row, line + r->klen, end, why_r, size) == -1)
		return -1;
	if (r->negated && r->row.value.len > 0)
		return refuse(why_r, size, "a negated pattern has no value:",
		    r);
	return 1;
}

/*
 * chunk_lines - the text of BDAT: its lines end in LF from here on; bare CR,
 * bare LF and NUL are refused (RFC 5321 2.3.8, RFC 3030 section 2).
 *
 * One search a line, for LF.  That no CR and no NUL stands in a line is asked
 * once of all of them together: nothing in the text can end it, so it may wait.
 */
#include "config.h"

#include <string.h>

#include "smtpsrvr/chunk_lines.h"

int
chunk_lines_take(struct chunk_lines *c, char *p, size_t len, size_t *made_r)
{
	char *from = p, *end = p + len, *to = p, *lf;
	size_t n;

	*made_r = 0;
	if (len == 0)
		return 0;
	if (memchr(p, '\0', len) != NULL || (c->cr && *p != '\n'))
		return -1;
	if (c->cr) {
		to = ++from;	/* the LF stays where it is */
		c->inside = false;
	}
	while ((lf = memchr(from, '\n', (size_t)(end - from))) != NULL) {
		if (lf == from || lf[-1] != '\r')
			return -1;
		n = (size_t)(lf - 1 - from);
		memmove(to, from, n);
		to += n;
		*to++ = '\n';
		from = lf + 1;
		c->inside = false;
	}
	n = (size_t)(end - from);
	c->cr = n > 0 && end[-1] == '\r';
	n -= c->cr;
	if (n > 0) {
		memmove(to, from, n);
		to += n;
		c->inside = true;
	}
	*made_r = (size_t)(to - p);
	return memchr(p, '\r', *made_r) == NULL ? 0 : -1;
}

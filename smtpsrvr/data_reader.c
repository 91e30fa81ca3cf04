/*
 * data_reader - the text of DATA: finds its end, takes the dots and the CRs
 * away, refuses bare CR, bare LF and NUL (RFC 5321 4.5.2, 2.3.8).
 *
 * Two searches a line (for LF, then for a CR before it) instead of a step a
 * byte; tests/smtpsrvr/t_data_reader.c has the step-a-byte machine as oracle.
 */
#include "config.h"

#include <string.h>

#include "smtpsrvr/data_reader.h"

void
data_reader_init(struct data_reader *d)
{
	d->inside = false;
	d->size = 0;
}

/*
 * At the start of a line: 1 if in begins with the end line, 0 if not, -1 if
 * more bytes must tell.  *dot_r: the first byte is a stuffed dot.
 */
static int
at_start(const char *in, size_t len, bool *dot_r)
{
	*dot_r = false;
	if (in[0] != '.')
		return 0;
	if (len == 1 || (in[1] == '\r' && len == 2))
		return -1;
	if (in[1] == '\r' && in[2] == '\n')
		return 1;
	*dot_r = true;
	return 0;
}

/*
 * The bytes at p up to end, and whether a line ends there (its CRLF is then
 * left out of *len_r); false if a bare CR or LF stands in them.
 */
static bool
piece(const char *p, const char *end, size_t *len_r, bool *line_r)
{
	const char *lf = memchr(p, '\n', (size_t)(end - p));

	*line_r = lf != NULL;
	if (lf != NULL) {
		if (lf == p || lf[-1] != '\r')
			return false;
		*len_r = (size_t)(lf - 1 - p);
	} else {
		*len_r = (size_t)(end - p);
		/* A CR at the very end may be half of a CRLF: it waits. */
		if (*len_r > 0 && end[-1] == '\r')
			(*len_r)--;
	}
	return memchr(p, '\r', *len_r) == NULL;
}

enum data_result
data_read(struct data_reader *d, const char *in, size_t len, size_t *used_r,
    char *out, size_t room, size_t *made_r)
{
	const char *p = in, *end = in + len;
	char *to = out;
	enum data_result result = DATA_MORE;

	while (p < end && result == DATA_MORE) {
		size_t n, left = room - (size_t)(to - out);
		bool dot = false, line;

		if (!d->inside) {
			int last = at_start(p, (size_t)(end - p), &dot);

			if (last < 0)
				break;
			if (last > 0) {
				p += 3;
				result = DATA_END;
				break;
			}
		}
		p += dot;
		if (!piece(p, end, &n, &line) || memchr(p, '\0', n) != NULL) {
			result = DATA_BARE;
			break;
		}
		/* A line that does not fit is passed on in parts. */
		if (n + 1 > left) {
			if (left < 2) {
				p -= dot;
				result = DATA_FULL;
				break;
			}
			n = left - 1;
			line = false;
		}
		if (n == 0 && !line && !dot)
			break;		/* only a CR that waits */
		memcpy(to, p, n);
		to += n;
		p += n;
		d->size += n;
		d->inside = true;
		if (line) {
			*to++ = '\n';
			p += 2;
			d->size += 2;
			d->inside = false;
		}
	}
	*used_r = (size_t)(p - in);
	*made_r = (size_t)(to - out);
	return result;
}

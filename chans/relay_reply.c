/*
 * relay_reply - finds the end of a reply, checks its lines, makes it printable.
 *
 * Runs in channel programs, on what a stranger's server says.
 */
#include "config.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "chans/relay_reply.h"
#include "lib/text.h"

static bool
digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The code of a line of len bytes, without its end; 0: it is none. */
static int
line_code(const char *p, size_t len)
{
	if (len < 3 || p[0] < '2' || p[0] > '5' || !digit(p[1]) ||
	    !digit(p[2]) || (len > 3 && p[3] != ' ' && p[3] != '-'))
		return 0;
	return (p[0] - '0') * 100 + (p[1] - '0') * 10 + p[2] - '0';
}

/* The length of "d.d{1,3}.d{1,3}" of that class at p, or 0. */
static size_t
enhanced_length(const char *p, size_t len, int class)
{
	size_t i = 1, digits;
	int part;

	if (len < 5 || p[0] - '0' != class)
		return 0;
	for (part = 0; part < 2; part++) {
		if (i >= len || p[i] != '.')
			return 0;
		for (digits = 0, i++; i < len && digit(p[i]); i++)
			digits++;
		if (digits < 1 || digits > 3)
			return 0;
	}
	return i == len || p[i] == ' ' || p[i] == '\t' ? i : 0;
}

/* One line's text behind the others; its enhanced code only the first time. */
static void
add_text(struct relay_reply *r, const char *p, size_t len, size_t *at)
{
	size_t n = enhanced_length(p, len, r->code / 100);

	if (n > 0 && *at > 0 && strncmp(r->enhanced, p, n) == 0 &&
	    r->enhanced[n] == '\0') {
		p += n;
		len -= n;
	} else if (n > 0 && *at == 0) {
		memcpy(r->enhanced, p, n);
		r->enhanced[n] = '\0';
	}
	while (len > 0 && *p == ' ') {
		p++;
		len--;
	}
	if (len > 0 && *at > 0 && *at < sizeof r->text - 1)
		r->text[(*at)++] = ' ';
	for (; len > 0 && *at < sizeof r->text - 1; p++, len--)
		r->text[(*at)++] = text_printable(p, 1) ? *p : '?';
	r->text[*at] = '\0';
}

/* The line at p without its end, and where the next one begins. */
static size_t
line_length(const char *p, const char *lf)
{
	size_t len = (size_t)(lf - p);

	return len > 0 && p[len - 1] == '\r' ? len - 1 : len;
}

/* How long the reply is; 0 more is wanted, SIZE_MAX it is none. */
static size_t
find_end(const char *p, size_t len)
{
	size_t at = 0, n;
	const char *lf;
	int code = 0, lines = 0;

	for (;;) {
		lf = memchr(p + at, '\n', len - at);
		if (lf == NULL)
			break;
		n = line_length(p + at, lf);
		if (n > RELAY_REPLY_LINE || ++lines > RELAY_REPLY_LINES)
			return SIZE_MAX;
		if (line_code(p + at, n) == 0 ||
		    (code != 0 && line_code(p + at, n) != code))
			return SIZE_MAX;
		code = line_code(p + at, n);
		if (n == 3 || p[at + 3] == ' ')
			return (size_t)(lf + 1 - p);
		at = (size_t)(lf + 1 - p);
	}
	n = len - at;
	/* What can no more become a line need not be waited for. */
	if (len >= RELAY_REPLY_MOST || n > RELAY_REPLY_LINE + 1 ||
	    (n > 3 && line_code(p + at, 4) == 0 && p[at + 3] != '\r') ||
	    (n > 0 && (p[at] < '2' || p[at] > '5')))
		return SIZE_MAX;
	return 0;
}

enum relay_read
relay_reply_read(const char *p, size_t len, struct relay_reply *r_r,
    size_t *used_r, void (*line)(void *arg, const char *text, size_t len),
    void *arg)
{
	size_t at = 0, n, skip, text = 0, end = find_end(p, len);
	const char *lf;

	memset(r_r, 0, sizeof *r_r);
	*used_r = 0;
	if (end == 0)
		return RELAY_READ_MORE;
	if (end == SIZE_MAX || end > RELAY_REPLY_MOST)
		return RELAY_READ_BAD;
	r_r->code = line_code(p, 3);
	while (at < end) {
		lf = memchr(p + at, '\n', end - at);
		n = line_length(p + at, lf);
		skip = n > 3 ? 4 : 3;
		add_text(r_r, p + at + skip, n - skip, &text);
		if (line != NULL)
			line(arg, p + at + skip, n - skip);
		at = (size_t)(lf + 1 - p);
	}
	*used_r = end;
	return RELAY_READ_WHOLE;
}

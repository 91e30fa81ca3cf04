/*
 * header - the header of a message, while it passes; see header.h.
 *
 * Byte by byte in names, one search a line in values.
 */
#include "config.h"

#include <string.h>
#include <strings.h>

#include "lib/header.h"

static bool
is_name(char c)
{
	return (unsigned char)c > 0x20 && (unsigned char)c < 0x7f && c != ':';
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* As mbox files have it, and some programs that send. */
static bool
is_mbox(const struct header *h)
{
	return !h->begun && (header_is(h, "From") || header_is(h, ">From"));
}

static enum header_event
in_value(struct header *h, const char *p, size_t len, size_t *used_r)
{
	const char *lf = memchr(p, '\n', len);

	h->begun = true;
	h->state = lf != NULL ? HEADER_AT_LINE : HEADER_IN_VALUE;
	*used_r = lf != NULL ? (size_t)(lf - p) + 1 : len;
	return HEADER_VALUE;
}

static enum header_event
field(struct header *h)
{
	h->state = HEADER_IN_VALUE;
	return HEADER_FIELD;
}

/*
 * One byte of a line that may be a field's; MORE if it was taken, and nothing
 * is known yet.
 */
static enum header_event
step(struct header *h, char c)
{
	if (h->state == HEADER_AT_CR)
		return c == '\n' ? HEADER_BLANK : HEADER_BODY;
	if (h->state == HEADER_AT_LINE) {
		h->len = h->name = 0;
		if (c == '\n')
			return HEADER_BLANK;
		if (c != '\r' && !is_name(c))
			return HEADER_BODY;
		h->state = c == '\r' ? HEADER_AT_CR : HEADER_IN_NAME;
	} else if (h->len == sizeof(h->raw) - 1) {
		return HEADER_BODY;
	} else if (h->state == HEADER_IN_NAME && !is_name(c)) {
		h->name = h->len;
		if (c != ':' && !is_blank(c))
			return HEADER_BODY;
		h->state = HEADER_IN_GAP;
	} else if (h->state == HEADER_IN_GAP && c != ':' && !is_blank(c)) {
		if (!is_mbox(h) || c == '\n' || c == '\r')
			return HEADER_BODY;
		h->name = 0;
	}
	h->raw[h->len++] = c;
	return c == ':' || (h->state == HEADER_IN_GAP && h->name == 0) ?
	    field(h) : HEADER_MORE;
}

enum header_event
header_next(struct header *h, const char *p, size_t len, size_t *used_r)
{
	enum header_event e = HEADER_MORE;

	*used_r = 0;
	if (len == 0)
		return HEADER_MORE;
	/* What is folded belongs to the line before. */
	if (h->state == HEADER_IN_VALUE || (h->state == HEADER_AT_LINE &&
	    h->begun && is_blank(*p)))
		return in_value(h, p, len, used_r);
	while (*used_r < len && e == HEADER_MORE) {
		e = step(h, p[*used_r]);
		if (e != HEADER_BLANK && e != HEADER_BODY)
			++*used_r;
	}
	return e;
}

enum header_event
header_end(const struct header *h)
{
	return h->state == HEADER_IN_NAME || h->state == HEADER_IN_GAP ||
	    h->state == HEADER_AT_CR ? HEADER_BODY : HEADER_BLANK;
}

bool
header_is(const struct header *h, const char *name)
{
	return strlen(name) == h->name &&
	    strncasecmp(h->raw, name, h->name) == 0;
}

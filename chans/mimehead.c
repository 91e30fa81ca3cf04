/*
 * mimehead - reads the header of a message or of a part of one.
 *
 * RFC 5322 2.2, RFC 2045 4 to 6.  Runs in channel programs.
 */
#include "config.h"

#include <string.h>

#include "chans/mimehead.h"
#include "lib/text.h"

/* Longer than this is no Content-Type that anybody meant. */
#define VALUE_MOST 4096

struct cursor {
	const char *p, *end;
};

size_t
mimehead_line(const char *p, size_t len, bool crlf)
{
	const char *end = crlf ? memmem(p, len, "\r\n", 2) :
	    memchr(p, '\n', len);

	return end == NULL ? len : (size_t)(end - p) + (crlf ? 2 : 1);
}

size_t
mimehead_ending(const char *p, size_t len, bool crlf)
{
	if (len == 0 || p[len - 1] != '\n')
		return 0;
	if (!crlf)
		return 1;
	return len > 1 && p[len - 2] == '\r' ? 2 : 0;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Blanks, folds and comments; false where a comment does not end. */
static bool
pass_gap(struct cursor *c)
{
	int depth = 0;

	for (; c->p < c->end; c->p++) {
		if (*c->p == '(')
			depth++;
		else if (depth == 0 && strchr(" \t\r\n", *c->p) == NULL)
			return true;
		else if (depth > 0 && *c->p == ')')
			depth--;
		else if (depth > 0 && *c->p == '\\' && c->p + 1 < c->end)
			c->p++;
	}
	return depth == 0;
}

static bool
is_token(char c)
{
	return c > 0x20 && c < 0x7f && strchr("()<>@,;:\\\"/[]?=", c) == NULL;
}

/* A token in lower case; false where there is none, or it is too long. */
static bool
take_token(struct cursor *c, char *dst, size_t size)
{
	size_t n = 0;

	for (; c->p < c->end && is_token(*c->p); c->p++) {
		if (n + 1 >= size)
			return false;
		dst[n++] = *c->p;
	}
	dst[n] = '\0';
	text_lower(dst);
	return n > 0;
}

static bool
take_quoted(struct cursor *c, char *dst, size_t size)
{
	size_t n = 0;

	for (c->p++; c->p < c->end && *c->p != '"'; c->p++) {
		if (*c->p == '\r' || *c->p == '\n')
			continue; /* a fold */
		if (*c->p == '\\' && c->p + 1 < c->end)
			c->p++;
		if (n + 1 >= size)
			return false;
		dst[n++] = *c->p;
	}
	dst[n] = '\0';
	return c->p < c->end && *c->p++ == '"';
}

/* Many write boundaries with ':', '/' and '=' and without quotes. */
static bool
take_value(struct cursor *c, char *dst, size_t size)
{
	size_t n = 0;

	if (c->p < c->end && *c->p == '"')
		return take_quoted(c, dst, size);
	for (; c->p < c->end && strchr("; \t\r\n(\"", *c->p) == NULL; c->p++) {
		if (n + 1 >= size)
			return false;
		dst[n++] = *c->p;
	}
	dst[n] = '\0';
	return n > 0;
}

/* One "; name=value"; false if it cannot be read.  Nothing more: name "". */
static bool
take_parameter(struct cursor *c, char *name, char *value, size_t size)
{
	name[0] = '\0';
	if (!pass_gap(c))
		return false;
	if (c->p == c->end)
		return true;
	if (*c->p != ';')
		return false;
	while (c->p < c->end && *c->p == ';') {
		c->p++;
		if (!pass_gap(c))
			return false;
	}
	if (c->p == c->end)
		return true;
	if (!take_token(c, name, MIMEHEAD_TYPE) || !pass_gap(c) ||
	    c->p == c->end || *c->p++ != '=' || !pass_gap(c))
		return false;
	return take_value(c, value, size);
}

static bool
good_boundary(const char *s)
{
	size_t n = strlen(s);

	return n > 0 && text_printable(s, n) && s[n - 1] != ' ';
}

static const char *
read_boundary(struct cursor *c, struct mimehead *h)
{
	char name[MIMEHEAD_TYPE], value[VALUE_MOST];

	do {
		if (!take_parameter(c, name, value, sizeof value))
			return "a Content-Type cannot be read";
		if (strncmp(name, "boundary*", 9) == 0)
			return "a boundary is split or encoded";
		if (strcmp(name, "boundary") != 0)
			continue;
		if (h->boundary[0] != '\0')
			return "a Content-Type has two boundaries";
		if (!good_boundary(value) ||
		    text_copy(h->boundary, sizeof h->boundary, value) == -1)
			return "a boundary is not allowed";
	} while (name[0] != '\0');
	return NULL;
}

static const char *
read_type(struct cursor c, struct mimehead *h)
{
	static const char bad[] = "a Content-Type cannot be read";

	if (h->typed)
		return "Content-Type stands twice";
	h->typed = true;
	if (!pass_gap(&c) || !take_token(&c, h->type, sizeof h->type) ||
	    !pass_gap(&c))
		return bad;
	if (c.p < c.end && *c.p == '/') {
		c.p++;
		if (!pass_gap(&c) ||
		    !take_token(&c, h->subtype, sizeof h->subtype))
			return bad;
	} else if (strcmp(h->type, "text") != 0)
		return bad; /* RFC 1049 knew "text" alone */
	return strcmp(h->type, "multipart") == 0 ? read_boundary(&c, h) : NULL;
}

static const char *
read_coding(struct cursor c, struct mimehead *h)
{
	char word[MIMEHEAD_TYPE];

	if (h->coding != MIMEHEAD_NONE)
		return "Content-Transfer-Encoding stands twice";
	if (!pass_gap(&c) || !take_token(&c, word, sizeof word) ||
	    !pass_gap(&c) || c.p != c.end)
		h->coding = MIMEHEAD_ENCODED;
	else if (strcmp(word, "7bit") == 0)
		h->coding = MIMEHEAD_SEVEN;
	else if (strcmp(word, "8bit") == 0)
		h->coding = MIMEHEAD_EIGHT;
	else if (strcmp(word, "binary") == 0)
		h->coding = MIMEHEAD_BINARY;
	else
		h->coding = MIMEHEAD_ENCODED;
	return NULL;
}

/* How long the field's name is; 0 if the line is no field's. */
static size_t
name_length(const char *p, size_t len)
{
	size_t n = 0;

	while (n < len && p[n] > 0x20 && p[n] < 0x7f && p[n] != ':')
		n++;
	return n < len && p[n] == ':' ? n : 0;
}

static bool
is_name(const char *p, size_t len, const char *name)
{
	return len == strlen(name) && strncasecmp(p, name, len) == 0;
}

/* RFC 5322's old syntax had blanks before the colon. */
static bool
old_field(const char *p, size_t len)
{
	size_t n = 0;

	while (n < len && p[n] > 0x20 && p[n] < 0x7f && p[n] != ':')
		n++;
	if (n == 0 || strncasecmp(p, "content-", n < 8 ? n : 8) == 0 ||
	    is_name(p, n, "mime-version"))
		return false;
	while (n < len && is_blank(p[n]))
		n++;
	return n < len && p[n] == ':';
}

/* One field of len bytes at offset at, folds and all. */
static const char *
read_field(const char *p, size_t at, size_t len, struct mimehead *h)
{
	size_t name = name_length(p + at, len);
	struct cursor value = { .p = p + at + name + 1, .end = p + at + len };

	if (name == 0)
		return old_field(p + at, len) ? NULL :
		    "a line of a header is no field";
	if (is_name(p + at, name, "mime-version"))
		h->version = true;
	else if (is_name(p + at, name, "content-type"))
		return read_type(value, h);
	else if (is_name(p + at, name, "content-transfer-encoding")) {
		h->coding_at = at;
		h->coding_len = len;
		return read_coding(value, h);
	}
	return NULL;
}

/* How long a field is: its line and those that go on with it. */
static const char *
field_length(const char *p, size_t len, bool crlf, size_t *n_r)
{
	size_t n = mimehead_line(p, len, crlf), line, i;

	if (is_blank(p[0]))
		return "a header begins with a folded line";
	while (n < len && is_blank(p[n])) {
		line = mimehead_line(p + n, len - n, crlf);
		for (i = 0; i < line && strchr(" \t\r\n", p[n + i]) != NULL &&
		    p[n + i] != '\0'; i++)
			;
		/* Some take it for the header's end. */
		if (i == line)
			return "a folded line of a header is blank";
		n += line;
	}
	*n_r = n;
	return NULL;
}

/* Its end is known even where it cannot be understood. */
static void
find_end(const char *p, size_t len, bool crlf, struct mimehead *h)
{
	size_t n, at = 0;

	while (at < len) {
		n = mimehead_line(p + at, len - at, crlf);
		if (n == mimehead_ending(p + at, n, crlf)) {
			h->len = at;
			h->blank = at + n;
			return;
		}
		at += n;
	}
	h->len = h->blank = len;
}

static const char *
control_inside(const char *p, size_t len, bool crlf)
{
	for (size_t i = 0; i < len; i++) {
		if (p[i] == '\0' || (p[i] == '\r' && (!crlf || i + 1 == len ||
		    p[i + 1] != '\n')) || (p[i] == '\n' && crlf &&
		    (i == 0 || p[i - 1] != '\r')))
			return "a header has a control character";
	}
	return NULL;
}

void
mimehead_read(const char *p, size_t len, bool crlf, struct mimehead *h_r)
{
	size_t at, n;

	*h_r = (struct mimehead){ .coding = MIMEHEAD_NONE };
	find_end(p, len, crlf, h_r);
	h_r->bad = control_inside(p, h_r->len, crlf);
	for (at = 0; at < h_r->len && h_r->bad == NULL; at += n) {
		n = 0;
		h_r->bad = field_length(p + at, h_r->len - at, crlf, &n);
		if (h_r->bad == NULL)
			h_r->bad = read_field(p, at, n, h_r);
	}
}

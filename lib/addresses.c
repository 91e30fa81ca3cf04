/*
 * addresses - the mailboxes of a header field or of an argument.
 */
#include "config.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lib/buf.h"
#include "lib/path.h"
#include "lib/xalloc.h"
#include "lib/addresses.h"

#define DEPTH_MOST 50		/* of comments */
#define SPEC_MOST 1024		/* an address with its quotes */

struct reader {
	const char *p, *begin, *end;
	const char *word;	/* the end of the last one */
	const char *why;
};

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Blanks, folds and comments. */
static bool
pass_gap(struct reader *r)
{
	int depth = 0;

	for (; r->p < r->end; r->p++) {
		if (*r->p == '(' && ++depth > DEPTH_MOST)
			break;
		if (depth == 0 && !is_space(*r->p))
			return true;
		if (*r->p == ')' && depth > 0)
			depth--;
		else if (*r->p == '\\' && r->p + 1 < r->end)
			r->p++;
	}
	if (depth > 0)
		r->why = "a comment does not end";
	return depth == 0;
}

static bool
next_is(struct reader *r, char c)
{
	return r->p < r->end && *r->p == c;
}

static bool
is_atom(char c)
{
	return (unsigned char)c > 0x20 && c != 0x7f &&
	    strchr("()<>[]:;@\\,\"", c) == NULL;
}

static bool
put(struct reader *r, struct buf *b, const char *p, size_t len)
{
	if (buf_add(b, p, len) == 0)
		return true;
	r->why = "an address is too long";
	return false;
}

/* With its quotes, as it is; what a fold adds is left out. */
static bool
take_quoted(struct reader *r, struct buf *b)
{
	const char *begin = r->p++;

	for (; r->p < r->end && *r->p != '"'; r->p++)
		if (*r->p == '\\' && r->p + 1 < r->end)
			r->p++;
	if (r->p == r->end) {
		r->why = "a quoted string does not end";
		return false;
	}
	r->p++;
	for (const char *q = begin; q < r->p; q++)
		if (*q != '\n' && *q != '\r' && !put(r, b, q, 1))
			return false;
	return true;
}

static bool
take_literal(struct reader *r, struct buf *b)
{
	const char *begin = r->p;

	while (r->p < r->end && *r->p != ']')
		r->p++;
	if (r->p == r->end) {
		r->why = "an address literal does not end";
		return false;
	}
	r->p++;
	return put(r, b, begin, (size_t)(r->p - begin));
}

/*
 * Words that follow each other, dots being part of them; more_r: there were
 * blanks between two that no dot joins, so that they are only a name.
 */
static bool
take_words(struct reader *r, struct buf *b, bool *more_r)
{
	bool joined = true, gap;
	const char *begin;

	*more_r = false;
	for (;;) {
		begin = r->p;
		if (!pass_gap(r))
			return false;
		gap = r->p != begin;
		if (r->p == r->end || (*r->p != '"' && !is_atom(*r->p)))
			return true;
		if (b->len > 0 && (gap || *r->p == '"') && !joined &&
		    *r->p != '.')
			*more_r = true;
		if (*r->p == '"') {
			if (!take_quoted(r, b))
				return false;
			joined = false;
			r->word = r->p;
			continue;
		}
		begin = r->p;
		while (r->p < r->end && is_atom(*r->p))
			r->p++;
		if (!put(r, b, begin, (size_t)(r->p - begin)))
			return false;
		joined = r->p[-1] == '.';
		r->word = r->p;
	}
}

/* "@domain" behind a local part. */
static bool
take_domain(struct reader *r, struct buf *b)
{
	bool more;

	r->p++;
	if (!put(r, b, "@", 1) || !pass_gap(r))
		return false;
	if (next_is(r, '[')) {
		if (!take_literal(r, b))
			return false;
		return pass_gap(r);
	}
	if (!take_words(r, b, &more))
		return false;
	if (more)
		r->why = "a domain has blanks";
	return !more;
}

static void
add(struct addresses *to, const char *text, size_t bare)
{
	if (to->n == to->room) {
		to->room = 2 * to->room + 16;
		to->at = xresize(to->at, to->room, sizeof *to->at);
		to->bare = xresize(to->bare, to->room, sizeof *to->bare);
	}
	to->bare[to->n] = bare;
	to->at[to->n++] = xstrdup(text);
}

static bool
finish(struct reader *r, struct addresses *to, struct buf *b,
    const char *domain)
{
	/* An at sign in quotes is no domain's. */
	bool bare = memchr(buf_str(b), '@', b->len) == NULL ||
	    b->p[b->len - 1] == '"';
	size_t at = bare ? (size_t)(r->word - r->begin) : ADDRESSES_WHOLE;
	struct mailbox m;
	char text[PATH_TEXT];

	if (bare && !(put(r, b, "@", 1) &&
	    put(r, b, domain, strlen(domain))))
		return false;
	if (to->utf8 && !path_is_ascii(buf_str(b))) {
		add(to, buf_str(b), at);
		return true;
	}
	if (path_parse_bare(buf_str(b), &m) != PATH_OK) {
		r->why = "it is no address";
		return false;
	}
	add(to, path_text(&m, text), at);
	return true;
}

/* "<@a,@b:user@domain>" */
static bool
take_angle(struct reader *r, struct addresses *to, struct buf *b,
    const char *domain)
{
	bool more;

	buf_reset(b);
	r->p++;
	if (!pass_gap(r))
		return false;
	if (next_is(r, '@')) {
		while (r->p < r->end && *r->p != ':' && *r->p != '>')
			r->p++;
		if (!next_is(r, ':')) {
			r->why = "a route has no address";
			return false;
		}
		r->p++;
	}
	if (!take_words(r, b, &more))
		return false;
	if (more || (next_is(r, '@') && !take_domain(r, b)) ||
	    !next_is(r, '>')) {
		r->why = "what is in angle brackets is no address";
		return false;
	}
	r->p++;
	return finish(r, to, b, domain) && pass_gap(r);
}

/* One element of a list, or the begin or end of a group. */
static bool
take_one(struct reader *r, struct addresses *to, struct buf *b,
    const char *domain, bool *group)
{
	bool more;

	buf_reset(b);
	if (!take_words(r, b, &more))
		return false;
	if (next_is(r, '<'))
		return take_angle(r, to, b, domain);
	if (next_is(r, ':') && !*group) {
		*group = true;
		r->p++;
		return true;
	}
	if (b->len == 0 && !next_is(r, '@'))
		return true; /* nothing between two commas */
	if (more) {
		r->why = "a name has no address in angle brackets";
		return false;
	}
	if (next_is(r, '@') && !take_domain(r, b))
		return false;
	return finish(r, to, b, domain);
}

int
addresses_take(struct addresses *to, const char *text, size_t len,
    const char *domain, const char **why_r)
{
	struct reader r = { .p = text, .begin = text, .word = text,
	    .end = text + len };
	bool group = false, good = true;
	const char *before;
	struct buf b;

	buf_init(&b, SPEC_MOST);
	while (good && r.p < r.end) {
		before = r.p;
		good = take_one(&r, to, &b, domain, &group);
		if (!good || r.p == r.end)
			break;
		if (next_is(&r, ',') || (group && next_is(&r, ';'))) {
			group = group && *r.p == ',';
			r.p++;
		} else if (r.p == before || r.p[-1] != ':') {
			r.why = "it cannot be read";
			good = false;
		}
	}
	buf_free(&b);
	if (good)
		return 0;
	*why_r = r.why;
	return -1;
}

void
addresses_free(struct addresses *a)
{
	for (size_t i = 0; i < a->n; i++)
		free(a->at[i]);
	free(a->at);
	free(a->bare);
	*a = (struct addresses){ .n = 0 };
}

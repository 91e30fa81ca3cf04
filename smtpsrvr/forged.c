/*
 * forged - see forged.h.
 *
 *	authres-header = "Authentication-Results:" [CFWS] authserv-id
 *	authserv-id = value	; a token or a quoted-string (RFC 2045)
 *
 * Runs in the session, on what a client sent.
 */
#include "config.h"

#include <string.h>

#include "lib/text.h"
#include "smtpsrvr/forged.h"

#define FIELD "authentication-results"

/* Where in a field; SKIP: it is none of ours. */
enum { NAME, COLON, BLANKS, VALUE, SKIP };

static void
begin_field(struct forged *f)
{
	f->cutting = f->quoted = f->escaped = false;
	f->step = NAME;
	f->depth = 0;
	f->matched = f->held = 0;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Not ours, or not such a field at all: it stays. */
static void
leave(struct forged *f)
{
	f->step = SKIP;
	f->held = 0;
}

static void
in_name(struct forged *f, char c)
{
	if (f->matched < sizeof(FIELD) - 1 && text_low(c) == FIELD[f->matched])
		f->matched++;
	else if (f->matched == sizeof(FIELD) - 1 && c == ':')
		f->step = BLANKS;
	else if (f->matched == sizeof(FIELD) - 1 && (c == ' ' || c == '\t'))
		f->step = COLON;
	else
		leave(f);
}

/* Folding white space and comments, which may be within each other. */
static void
in_blanks(struct forged *f, char c)
{
	if (f->escaped) {
		f->escaped = false;
	} else if (f->depth > 0) {
		f->escaped = c == '\\';
		f->depth += c == '(';
		f->depth -= c == ')';
	} else if (c == '(') {
		f->depth = 1;
	} else if (!is_blank(c)) {
		f->step = VALUE;
		f->quoted = c == '"';
		f->matched = 0;
		if (!f->quoted)
			f->name[f->matched++] = c;
	}
}

/* The name is there: true if it is ours. */
static bool
in_value(struct forged *f, const char *id, char c)
{
	bool end = f->quoted ? c == '"' && !f->escaped : is_blank(c) ||
	    c == ';' || c == '(' || c == '/';

	if (end) {
		f->name[f->matched] = '\0';
		if (text_same(f->name, id))
			return true;
		leave(f);
	} else if (f->quoted && c == '\\' && !f->escaped) {
		f->escaped = true;
	} else if (f->matched == FORGED_NAME - 1) {
		leave(f);
	} else {
		f->escaped = false;
		f->name[f->matched++] = c;
	}
	return false;
}

/* One byte of a field; true if the field is to go. */
static bool
step(struct forged *f, const char *id, char c)
{
	switch (f->step) {
	case NAME:
		in_name(f, c);
		break;
	case COLON:
		if (c == ':')
			f->step = BLANKS;
		else if (c != ' ' && c != '\t')
			leave(f);
		break;
	case BLANKS:
		in_blanks(f, c);
		break;
	case VALUE:
		return in_value(f, id, c);
	default:
		break;
	}
	return f->step != SKIP && f->held >= FORGED_MOST;
}

/* The rest of a line in which nothing is looked at; how long it is. */
static size_t
pass_line(struct forged *f, const char *p, size_t len)
{
	const char *lf = memchr(p, '\n', len);

	f->inside = lf == NULL;
	return lf == NULL ? len : (size_t)(lf + 1 - p);
}

size_t
forged_take(struct forged *f, const char *id, char *text, size_t kept,
    size_t len)
{
	size_t at = kept, end = kept + len, n;

	while (at < end && !f->over) {
		char c = text[at];

		if (f->inside && (f->cutting || f->step == SKIP)) {
			n = pass_line(f, text + at, end - at);
			if (!f->cutting && kept != at)
				memmove(text + kept, text + at, n);
			kept += f->cutting ? 0 : n;
			at += n;
			continue;
		}
		if (!f->inside && c != ' ' && c != '\t') {
			/* What was held until here is a field without it. */
			begin_field(f);
			f->over = c == '\n' || c == '\r';
		}
		f->inside = c != '\n';
		if (f->over)
			break;
		at++;
		if (f->cutting)
			continue;
		text[kept++] = c;
		if (f->step == SKIP)
			continue;
		f->held++;
		if (step(f, id, c)) {
			kept -= f->held;
			f->held = 0;
			f->cutting = true;
		}
	}
	if (kept == at)
		return end;
	while (at < end)
		text[kept++] = text[at++];
	return kept;
}

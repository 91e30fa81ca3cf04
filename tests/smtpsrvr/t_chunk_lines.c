/*
 * chunk_lines (RFC 3030 2) against a machine that goes byte by byte: the same
 * text or the same refusal, for every split of the input.
 */
#include "config.h"

#include <stdlib.h>

#include "smtpsrvr/chunk_lines.h"
#include "tests/tap.h"

#define MOST 64

struct outcome {
	bool bare;
	struct chunk_lines state;
	size_t made;
	char out[MOST];
};

/* The oracle: RFC 5321 2.3.8 as it stands. */
static void
by_bytes(const char *in, size_t len, struct outcome *o)
{
	memset(o, 0, sizeof *o);
	for (size_t i = 0; i < len; i++) {
		char c = in[i];

		if (c == '\0' || (c == '\n') != o->state.cr) {
			o->bare = true;
			return;
		}
		o->state.cr = c == '\r';
		if (c == '\r')
			continue;
		o->out[o->made++] = c;
		o->state.inside = c != '\n';
	}
}

/* In three pieces, cut at a and b. */
static void
by_pieces(const char *in, size_t len, size_t a, size_t b, struct outcome *o)
{
	const size_t cut[] = { 0, a, b, len };

	memset(o, 0, sizeof *o);
	for (size_t i = 0; i < 3 && !o->bare; i++) {
		size_t n = cut[i + 1] - cut[i], made;
		/* Not a byte more than there is, for the sanitizer. */
		char *p = malloc(n + 1);

		memcpy(p, in + cut[i], n);
		p = realloc(p, n == 0 ? 1 : n);
		o->bare = chunk_lines_take(&o->state, p, n, &made) != 0;
		if (!o->bare) {
			memcpy(o->out + o->made, p, made);
			o->made += made;
		}
		free(p);
	}
}

static bool
agree(const struct outcome *x, const struct outcome *y)
{
	if (x->bare || y->bare)
		return x->bare == y->bare;
	return x->state.cr == y->state.cr &&
	    x->state.inside == y->state.inside && x->made == y->made &&
	    memcmp(x->out, y->out, x->made) == 0;
}

static bool
every_cut(const char *in, size_t len)
{
	struct outcome want, got;

	by_bytes(in, len, &want);
	for (size_t a = 0; a <= len; a++)
		for (size_t b = a; b <= len; b++) {
			by_pieces(in, len, a, b, &got);
			if (!agree(&want, &got))
				return false;
		}
	return true;
}

/* All texts of so many letters. */
static void
every_text(size_t len)
{
	static const char letters[] = { '\r', '\n', 'x', '.', '\0' };
	size_t texts = 1, bad = 0;
	char in[MOST], what[64];

	for (size_t i = 0; i < len; i++)
		texts *= sizeof letters;
	for (size_t t = 0; t < texts; t++) {
		size_t rest = t;

		for (size_t i = 0; i < len; i++, rest /= sizeof letters)
			in[i] = letters[rest % sizeof letters];
		bad += !every_cut(in, len);
	}
	snprintf(what, sizeof what, "all %zu texts of %zu octets, every cut",
	    texts, len);
	num((long long)bad, 0, what);
}

static void
examples(void)
{
	static const char text[] = "Subject: x\r\n\r\n.\r\n..\r\n.x\r\nlast";
	struct outcome o;

	by_pieces(text, sizeof text - 1, 11, 19, &o);
	ok(!o.bare && o.made == 24 && memcmp(o.out,
	    "Subject: x\n\n.\n..\n.x\nlast", 24) == 0,
	    "dots are text, lines end in LF");
	ok(o.state.inside && !o.state.cr, "the last line has no end");
	ok(every_cut("\x8d\x8a\xff\x01\r\n", 6), "any octet but NUL");
}

int
main(void)
{
	for (size_t len = 0; len <= 6; len++)
		every_text(len);
	examples();
	return done();
}

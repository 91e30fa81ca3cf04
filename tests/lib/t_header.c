/*
 * t_header - fields and ends of headers, in whatever pieces they come.
 */
#include "config.h"

#include "lib/buf.h"
#include "lib/header.h"
#include "tests/tap.h"

/*
 * What it makes of text in pieces of that size: "{raw}value" a field, then
 * "<raw>" (an empty line) or "[raw]" (a body) and the rest.
 */
static void
read_text(const char *text, size_t len, size_t piece, struct buf *b)
{
	struct header h = { .begun = false };
	enum header_event e = HEADER_MORE;
	size_t at = 0, n, used;

	buf_reset(b);
	while (at < len && e != HEADER_BLANK && e != HEADER_BODY) {
		n = len - at < piece ? len - at : piece;
		e = header_next(&h, text + at, n, &used);
		if (e == HEADER_FIELD)
			(void)!buf_addf(b, "{%.*s}", (int)h.len, h.raw);
		if (e == HEADER_VALUE)
			(void)!buf_add(b, text + at, used);
		at += used;
	}
	if (at == len && e != HEADER_BLANK && e != HEADER_BODY) {
		e = header_end(&h);
		(void)!buf_adds(b, "END");
		if (e == HEADER_BLANK)
			return;
	}
	(void)!buf_addf(b, e == HEADER_BLANK ? "<%.*s>" : "[%.*s]",
	    (int)h.len, h.raw);
	(void)!buf_add(b, text + at, len - at);
}

static void
reads(const char *text, const char *want)
{
	struct buf b;
	size_t len = strlen(text);

	buf_init(&b, 10000);
	for (size_t piece = 1; piece <= len + 1; piece++) {
		read_text(text, len, piece, &b);
		if (strcmp(buf_str(&b), want) != 0 || piece > len) {
			is(buf_str(&b), want, "as it should be");
			break;
		}
	}
	buf_free(&b);
}

int
main(void)
{
	struct header h = { .raw = "To:", .len = 3, .name = 2 };
	char name[HEADER_RAW + 20];

	reads("", "END");
	reads("A: b\n\nbody\n", "{A:} b\n<>\nbody\n");
	reads("A: b\r\n\r\nbody", "{A:} b\r\n<\r>\nbody");
	reads("A:\n B\n\tC\nD :e\n", "{A:}\n B\n\tC\n{D :}e\nEND");
	reads("A: b", "{A:} bEND");
	reads("\nA: b\n", "<>\nA: b\n");
	reads("no field\n", "[no ]field\n");
	reads("A: b\nno field\n\n", "{A:} b\n[no ]field\n\n");
	reads("A: b\n: c\n", "{A:} b\n[]: c\n");
	reads(" folded\nA: b\n", "[] folded\nA: b\n");
	reads("A: b\nC", "{A:} b\nEND[C]");
	reads("A: b\n\rC: d\n", "{A:} b\n[\r]C: d\n");
	reads("A: b\n\r", "{A:} b\nEND[\r]");
	reads("A\303\244: b\n", "[A]\303\244: b\n");
	reads("From me Mon\nA: b\n", "{From m}e Mon\n{A:} b\nEND");
	reads(">From me\nA: b\n", "{>From m}e\n{A:} b\nEND");
	reads("From \nA: b\n", "[From ]\nA: b\n");
	reads("A: b\nFrom me\n", "{A:} b\n[From ]me\n");
	reads("From: me\n", "{From:} me\nEND");
	ok(header_is(&h, "to") && header_is(&h, "TO") &&
	    !header_is(&h, "t") && !header_is(&h, "to:"), "its name");
	memset(name, 'x', sizeof(name));
	memcpy(name + sizeof(name) - 5, ": b\n", 5);
	h = (struct header){ .begun = false };
	{
		size_t used;

		num(header_next(&h, name, strlen(name), &used), HEADER_BODY,
		    "a name that is none");
		num(used, HEADER_RAW - 1, "as soon as that is known");
	}
	return done();
}

/*
 * t_mimecode - quoted-printable and base64, byte for byte.
 */
#include "config.h"

#include <stdlib.h>

#include "chans/mimecode.h"
#include "tests/tap.h"

static const char *
quoted(struct buf *b, const char *p, size_t len, bool crlf)
{
	buf_reset(b);
	ok(mimecode_quoted(b, p, len, crlf) == 0, "room");
	return buf_str(b);
}

static const char *
base64(struct buf *b, const char *p, size_t len, bool crlf)
{
	buf_reset(b);
	ok(mimecode_base64(b, p, len, crlf) == 0, "room");
	return buf_str(b);
}

static void
quoting(struct buf *b)
{
	char line[200];
	size_t longest = 0, n;

	is(quoted(b, "", 0, false), "", "nothing");
	is(quoted(b, "a\344=\n", 4, false), "a=E4=3D\n", "8 bits and =");
	is(quoted(b, "a \t\nb ", 6, false), "a =09\nb=20",
	    "blanks at the end of a line and of all");
	is(quoted(b, "a\rb\0\n", 5, false), "a=0Db=00\n", "controls");
	is(quoted(b, "a\r\nb\nc\rd \r\n", 11, true), "a\nb=0Ac=0Dd=20\n",
	    "ends of lines of a binary message");
	is(quoted(b, "From x\n>From y From z\n", 22, false),
	    "=46rom x\n>From y From z\n", "From at the begin of a line");
	memset(line, 'x', sizeof line);
	memset(line + 75, '-', 10);
	quoted(b, line, 100, false);
	ok(strstr(buf_str(b), "=\n=2D--") != NULL,
	    "no new line begins with two hyphens");
	is(quoted(b, "--x\n", 4, false), "--x\n", "an old one does");
	memset(line, '\377', sizeof line);
	quoted(b, line, sizeof line, false);
	for (const char *p = buf_str(b); *p != '\0'; p += n + (p[n] == '\n')) {
		n = strcspn(p, "\n");
		longest = n > longest ? n : longest;
	}
	num(longest, 76, "lines are of 76 at most");
	memset(line, 'y', sizeof line);
	quoted(b, line, 75, false);
	num(b->len, 75, "and not broken before");
}

static void
sixty_four(struct buf *b)
{
	char line[100];

	is(base64(b, "", 0, false), "", "nothing");
	is(base64(b, "f", 1, false), "Zg==", "RFC 4648 10");
	is(base64(b, "fo", 2, false), "Zm8=", "RFC 4648 10");
	is(base64(b, "foobar", 6, false), "Zm9vYmFy", "RFC 4648 10");
	is(base64(b, "a\n", 2, false), "YQ0K", "LF is CR LF on the wire");
	is(base64(b, "a\n", 2, true), "YQo=", "but not in a binary message");
	is(base64(b, "\377\376\0", 3, true), "//4A", "any byte");
	memset(line, 0, sizeof line);
	base64(b, line, 57, true);
	num(b->len, 76, "a line of 76");
	base64(b, line, 58, true);
	num(strcspn(buf_str(b), "\n"), 76, "and then the next");
	num(b->len, 81, "without an end");
}

static void
full(void)
{
	char line[100];
	struct buf b;

	memset(line, '\377', sizeof line);
	for (size_t most = 0; most < 120; most++) {
		buf_init(&b, most);
		if (mimecode_base64(&b, line, sizeof line, false) == 0 ||
		    mimecode_quoted(&b, line, sizeof line, false) == 0)
			ok(false, "took more than there is room");
		buf_free(&b);
	}
	ok(true, "no room is an error");
}

int
main(void)
{
	struct buf b;

	buf_init(&b, 4096);
	quoting(&b);
	sixty_four(&b);
	buf_free(&b);
	full();
	return done();
}

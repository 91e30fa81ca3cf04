/*
 * t_xtext - RFC 3461 4: every byte, every pair of hex digits, every cut.
 */
#include "config.h"

#include <stdio.h>

#include "lib/xtext.h"
#include "tests/tap.h"

static void
bytes(void)
{
	bool right = true;

	for (int c = 1; c < 256; c++) {
		const char s[2] = { (char)c, '\0' };
		bool good = c >= '!' && c <= '~' && c != '+' && c != '=';

		right = right && xtext_good(s, 1) == good;
	}
	ok(right, "xchar: printable but + and =");
	ok(!xtext_good("", 1), "no NUL");
	ok(xtext_good("", 0), "nothing is xtext");
}

static void
pairs(void)
{
	static const char digits[] = "0123456789ABCDEF";
	char out[8];
	bool right = true, said = true;

	for (int high = 0; high < 256; high++) {
		for (int low = 0; low < 256; low++) {
			const char s[] = { '+', (char)high, (char)low, '\0' };
			const char *h = high == 0 ? NULL :
			    strchr(digits, high);
			const char *l = low == 0 ? NULL : strchr(digits, low);
			int c = h == NULL || l == NULL ? -1 :
			    (int)((h - digits) << 4 | (l - digits));
			bool good = c >= 0x20 && c <= 0x7e;

			right = right && xtext_good(s, 3) == good;
			if (high == 0 || low == 0)
				continue;
			said = said && (xtext_decode(s, out, sizeof(out)) ==
			    0) == good && (!good || (out[0] == (char)c &&
			    out[1] == '\0'));
		}
	}
	ok(right, "of 65536 pairs, 95 are hexchars: no control, no 8 bits");
	ok(said, "and stand for what they say");
}

static void
texts(void)
{
	char out[8];

	ok(xtext_decode("a+20b+2B", out, sizeof(out)) == 0, "decoded");
	is(out, "a b+", "as it was");
	ok(!xtext_good("a+2", 3) && !xtext_good("a+", 2), "cut");
	ok(xtext_good("a+2Bxx", 4), "so much of it");
	num(xtext_decode("a+2", out, sizeof(out)), -1, "cut");
	num(xtext_decode("a+2b", out, sizeof(out)), -1, "small letters");
	num(xtext_decode("1234567", out, sizeof(out)), 0, "just fits");
	num(xtext_decode("12345678", out, sizeof(out)), -1, "does not");
	num(xtext_decode("", out, sizeof(out)), 0, "empty");
	is(out, "", "is empty");
	num(xtext_decode("", out, 0), -1, "no room for the NUL");
	num(xtext_decode_utf8("+C3+B6+2Bx", out, sizeof(out)), 0, "UTF-8");
	is(out, "\303\266+x", "as it was");
	num(xtext_decode("+C3+B6+2Bx", out, sizeof(out)), -1,
	    "only where that is asked for");
	num(xtext_decode_utf8("+C3", out, sizeof(out)), -1, "a half of it");
	num(xtext_decode_utf8("+C2+85", out, sizeof(out)), -1, "a control");
	num(xtext_decode_utf8("a+0A", out, sizeof(out)), -1, "an old one");
}

int
main(void)
{
	bytes();
	pairs();
	texts();
	return done();
}

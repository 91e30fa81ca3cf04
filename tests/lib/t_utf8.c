/*
 * t_utf8 - every character there and back (RFC 3629, for RFC 6531 3.3); what
 * only looks like one.
 */
#include "config.h"

#include "lib/utf8.h"
#include "tests/tap.h"

/* As Unicode has it; 0 for what has no encoding. */
static size_t
encode(uint32_t c, char dst[4])
{
	if (c < 0x80) {
		dst[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		dst[0] = (char)(0xc0 | c >> 6);
		dst[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		dst[0] = (char)(0xe0 | c >> 12);
		dst[1] = (char)(0x80 | (c >> 6 & 0x3f));
		dst[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	dst[0] = (char)(0xf0 | c >> 18);
	dst[1] = (char)(0x80 | (c >> 12 & 0x3f));
	dst[2] = (char)(0x80 | (c >> 6 & 0x3f));
	dst[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

static void
characters(void)
{
	bool right = true, cut = true;
	uint32_t got;
	char s[4];

	for (uint32_t c = 0; c < 0x110400; c++) {
		size_t n = encode(c, s);
		bool good = c <= 0x10ffff && (c < 0xd800 || c > 0xdfff);

		if (!good)
			right = right && utf8_next(s, n, &got) == 0;
		else
			right = right && utf8_next(s, n, &got) == n &&
			    got == c;
		cut = cut && utf8_next(s, n - 1, &got) == 0;
	}
	ok(right, "all characters, no surrogate, none above U+10FFFF");
	ok(cut, "none of them cut");
}

static void
ill_formed(void)
{
	static const struct {
		const char *s, *what;
	} t[] = {
		{ "\200", "a second byte alone" },
		{ "\300\200", "NUL in two bytes" },
		{ "\301\277", "DEL in two bytes" },
		{ "\340\200\257", "a slash in three bytes" },
		{ "\340\237\277", "U+07FF in three bytes" },
		{ "\360\217\277\277", "U+FFFF in four bytes" },
		{ "\355\240\200", "a surrogate" },
		{ "\364\220\200\200", "U+110000" },
		{ "\370\210\200\200\200", "five bytes" },
		{ "\374\204\200\200\200\200", "six bytes" },
		{ "\376", "FE" }, { "\377", "FF" },
		{ "\303(", "no second byte" }
	};

	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		uint32_t got;

		num(utf8_next(t[i].s, strlen(t[i].s), &got), 0, t[i].what);
	}
}

static void
controls(void)
{
	bool right = true;

	for (uint32_t c = 0; c < 0x200; c++)
		right = right && utf8_is_control(c) ==
		    (c < 0x20 || (c >= 0x7f && c < 0xa0));
	ok(right, "C0, DEL and C1 are controls");
}

int
main(void)
{
	characters();
	ill_formed();
	controls();
	return done();
}

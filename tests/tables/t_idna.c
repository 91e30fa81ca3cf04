/*
 * t_idna - U-labels and A-labels (RFC 6531 3.2), and what is no domain.
 */
#include "config.h"

#include "tables/idna.h"
#include "tests/tap.h"

int
main(void)
{
	static const struct {
		const char *name, *ascii;	/* null: none */
	} t[] = {
		{ "b\303\274cher.example", "xn--bcher-kva.example" },
		{ "B\303\234CHER.Example", "xn--bcher-kva.example" },
		{ "bu\314\210cher.example", "xn--bcher-kva.example" },
		{ "fa\303\237.example", "xn--fa-hia.example" },
		{ "xn--bcher-kva.example", "xn--bcher-kva.example" },
		{ "example.ORG", "example.org" },
		{ "\346\227\245\346\234\254\350\252\236.jp",
		    "xn--wgv71a119e.jp" },
		{ "\346\227\245\346\234\254\350\252\236\343\200\202jp",
		    "xn--wgv71a119e.jp" },
		{ "b\303\274cher..example", NULL },
		{ ".b\303\274cher", NULL },
		{ "b\303\274cher_x.example", NULL },
		{ "-b\303\274cher.example", NULL },
		{ "b\303\274cher\342\200\256.example", NULL },
		{ "\314\210b.example", NULL },
		{ "b\303.example", NULL },
		{ "\303\274\331\240\333\260.example", NULL },
		{ "b\303\274 cher.example", NULL },
		{ "", NULL }
	};
	char dst[IDNA_NAME], longest[600];

	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		int rc = idna_ascii(t[i].name, dst);

		num(rc, t[i].ascii != NULL ? 0 : -1, t[i].name);
		if (rc == 0 && t[i].ascii != NULL)
			is(dst, t[i].ascii, "  as ASCII");
	}
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	num(idna_ascii(longest, dst), -1, "a label too long");
	for (size_t i = 50; i < sizeof(longest) - 1; i += 51)
		longest[i] = '.';
	num(idna_ascii(longest, dst), -1, "a name too long");
	return done();
}

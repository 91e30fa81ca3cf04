/*
 * utf8 - see utf8.h.
 */
#include "config.h"

#include "lib/utf8.h"

/* A first byte: how many follow, its own bits, the least code so written. */
static size_t
lead(unsigned char c, uint32_t *bits_r, uint32_t *least_r)
{
	static const struct {
		unsigned char mask, mark;
		uint32_t least;
	} leads[] = {
		{ 0x80, 0x00, 0 }, { 0xe0, 0xc0, 0x80 },
		{ 0xf0, 0xe0, 0x800 }, { 0xf8, 0xf0, 0x10000 }
	};

	for (size_t i = 0; i < sizeof(leads) / sizeof(leads[0]); i++) {
		if ((c & leads[i].mask) != leads[i].mark)
			continue;
		*bits_r = c & (unsigned char)~leads[i].mask;
		*least_r = leads[i].least;
		return i + 1;
	}
	return 0;
}

size_t
utf8_next(const char *s, size_t len, uint32_t *code_r)
{
	uint32_t code, least;
	size_t n = len == 0 ? 0 : lead((unsigned char)*s, &code, &least);

	if (n == 0 || n > len)
		return 0;
	for (size_t i = 1; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		if ((c & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (c & 0x3f);
	}
	if (code < least || code > 0x10ffff ||
	    (code >= 0xd800 && code <= 0xdfff))
		return 0;
	*code_r = code;
	return n;
}

bool
utf8_is_control(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0);
}

/*
 * xtext - see xtext.h.
 */
#include "config.h"

#include <stdint.h>
#include <string.h>

#include "lib/text.h"
#include "lib/utf8.h"
#include "lib/xtext.h"

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/*
 * One character of the text and how many bytes it took; 0: it is none.
 * eight: of what a hexchar stands for, bytes above 0x7f are fine.
 */
static size_t
next(const char *s, size_t len, bool eight, char *c_r)
{
	int high, low;

	*c_r = *s;
	if (*s != '+')
		return *s > ' ' && *s != '=' && text_printable(s, 1) ? 1 : 0;
	if (len < 3)
		return 0;
	high = hex_digit(s[1]);
	low = hex_digit(s[2]);
	/* Below 0x20 and above 0x7e: nobody's printer wants those. */
	if (high < 2 || (high > 7 && !eight) || low == -1)
		return 0;
	*c_r = (char)(high << 4 | low);
	return high > 7 || text_printable(c_r, 1) ? 3 : 0;
}

bool
xtext_good(const char *s, size_t len)
{
	size_t n;
	char c;

	for (; len > 0; s += n, len -= n)
		if ((n = next(s, len, false, &c)) == 0)
			return false;
	return true;
}

static int
decode(const char *s, bool eight, char *dst, size_t size)
{
	size_t left = strlen(s), at = 0, n;
	char c;

	for (; left > 0; s += n, left -= n) {
		if ((n = next(s, left, eight, &c)) == 0 || at + 1 >= size)
			return -1;
		dst[at++] = c;
	}
	if (at >= size)
		return -1;
	dst[at] = '\0';
	return 0;
}

int
xtext_decode(const char *s, char *dst, size_t size)
{
	return decode(s, false, dst, size);
}

int
xtext_decode_utf8(const char *s, char *dst, size_t size)
{
	size_t n;
	uint32_t code;

	if (decode(s, true, dst, size) == -1)
		return -1;
	for (const char *p = dst; *p != '\0'; p += n) {
		n = utf8_next(p, strlen(p), &code);
		if (n == 0 || utf8_is_control(code))
			return -1;
	}
	return 0;
}

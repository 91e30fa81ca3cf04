/*
 * base64 - see base64.h.
 */
#include "config.h"

#include <stdint.h>

#include "lib/base64.h"

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "abcdefghijklmnopqrstuvwxyz0123456789+/";

void
base64_encode(char *dst, const void *p, size_t len)
{
	const uint8_t *from = p;

	for (; len > 0; from += 3) {
		uint32_t n = (uint32_t)from[0] << 16;

		if (len > 1)
			n |= (uint32_t)from[1] << 8;
		if (len > 2)
			n |= from[2];
		*dst++ = letters[n >> 18];
		*dst++ = letters[n >> 12 & 63];
		*dst++ = len > 1 ? letters[n >> 6 & 63] : '=';
		*dst++ = len > 2 ? letters[n & 63] : '=';
		len -= len > 2 ? 3 : len;
	}
	*dst = '\0';
}

static int
value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

int
base64_decode(void *dst, const char *src, size_t len, size_t *len_r)
{
	uint8_t *to = dst;
	size_t pad = 0;

	if (len % 4 != 0)
		return -1;
	while (pad < 2 && pad < len && src[len - 1 - pad] == '=')
		pad++;
	for (size_t i = 0; i < len; i += 4) {
		size_t n = i + 4 < len ? 4 : 4 - pad;
		uint32_t bits = 0;

		for (size_t k = 0; k < 4; k++) {
			int v = k < n ? value(src[i + k]) : 0;

			if (v < 0)
				return -1;
			bits = bits << 6 | (uint32_t)v;
		}
		if ((bits & (n == 2 ? 0xffff : n == 3 ? 0xff : 0)) != 0)
			return -1;
		*to++ = (uint8_t)(bits >> 16);
		if (n > 2)
			*to++ = (uint8_t)(bits >> 8);
		if (n > 3)
			*to++ = (uint8_t)bits;
	}
	*len_r = (size_t)(to - (uint8_t *)dst);
	return 0;
}

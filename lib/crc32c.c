/*
 * crc32c - the checksum of a PROXY header (RFC 3720 B.4, Castagnoli).
 */
#include "config.h"

#include "lib/crc32c.h"

#define REFLECTED 0x82f63b78u

uint32_t
crc32c(uint32_t sum, const void *p, size_t len)
{
	const uint8_t *at = p;
	uint32_t c = ~sum;

	for (size_t i = 0; i < len; i++) {
		c ^= at[i];
		for (int bit = 0; bit < 8; bit++)
			c = c >> 1 ^ ((c & 1) != 0 ? REFLECTED : 0);
	}
	return ~c;
}

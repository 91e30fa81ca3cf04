/*
 * le - numbers as bytes, the least significant first: in files and frames.
 */
#ifndef LIB_LE_H
#define LIB_LE_H

#include <stddef.h>
#include <stdint.h>

/* The lowest bytes (at most 8) of n. */
static inline void
le_put(void *p_r, uint64_t n, size_t bytes)
{
	unsigned char *p = p_r;

	for (size_t i = 0; i < bytes; i++, n >>= 8)
		p[i] = (unsigned char)(n & 0xff);
}

/* What le_put() wrote. */
static inline uint64_t
le_get(const void *from, size_t bytes)
{
	const unsigned char *p = from;
	uint64_t n = 0;

	while (bytes-- > 0)
		n = n << 8 | p[bytes];
	return n;
}

#endif

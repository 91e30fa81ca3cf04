/*
 * crc32c - the checksum of a PROXY header (RFC 3720 B.4, Castagnoli).
 *
 * Headers are short and few have one: bit by bit, no table.
 */
#ifndef LIB_CRC32C_H
#define LIB_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Goes on from sum, 0 at first: pieces give what the whole gives. */
uint32_t crc32c(uint32_t sum, const void *p, size_t len);

#endif

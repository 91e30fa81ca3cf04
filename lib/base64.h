/*
 * base64 - RFC 4648 4, of what may be a secret: nothing is allocated.
 */
#ifndef LIB_BASE64_H
#define LIB_BASE64_H

#include <stddef.h>
#include "lib/mm.h"

/* With its NUL. */
#define BASE64_ROOM(len) (((len) + 2) / 3 * 4 + 1)

/* dst has BASE64_ROOM(len) bytes. */
void base64_encode(char *dst, const void *p, size_t len);
/*
 * Padded, and with no bit that means nothing; or -1.  dst has at least
 * len / 4 * 3 bytes, and may be src.
 */
MM_MUST_USE int base64_decode(void *dst, const char *src, size_t len,
    size_t *len_r);

#endif

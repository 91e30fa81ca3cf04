/*
 * xtext - values of parameters that hold any text (RFC 3461 4).
 *
 *	xtext = *( xchar / hexchar )	; no space, no "=", "+" only before
 *	hexchar = "+" 2(%x30-39 / %x41-46)	; capitals
 *
 * Stricter than the grammar in one thing: what a hexchar stands for must be
 * printable ASCII or a blank.  So no control character and no 8-bit byte ever
 * comes out of xtext, wherever it is put afterwards; unless UTF-8 is asked for.
 */
#ifndef LIB_XTEXT_H
#define LIB_XTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include "lib/mm.h"

/* All len bytes of it, decodable as above; empty is good. */
bool xtext_good(const char *s, size_t len);
/* The text itself; -1 if s is none, or dst is too small. */
MM_MUST_USE int xtext_decode(const char *s, char *dst, size_t size);
/* The same, which may stand for UTF-8; none of it is a control character. */
MM_MUST_USE int xtext_decode_utf8(const char *s, char *dst, size_t size);

#endif

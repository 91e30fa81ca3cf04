/*
 * utf8 - well-formed UTF-8 (RFC 3629, Unicode's table 3-7).
 *
 * Nothing overlong, no surrogate, nothing above U+10FFFF.
 */
#ifndef LIB_UTF8_H
#define LIB_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * How many of the len bytes at s are its first character, which is put in
 * *code_r; 0 if they begin none.
 */
size_t utf8_next(const char *s, size_t len, uint32_t *code_r);
/* No character that a terminal or a log obeys: C0, DEL, C1. */
bool utf8_is_control(uint32_t code);

#endif

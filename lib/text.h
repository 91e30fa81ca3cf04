/*
 * text - whole numbers, durations, sizes, bounded copies.
 *
 * Every function takes all of its input or refuses; none guesses.
 */
#ifndef LIB_TEXT_H
#define LIB_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/mm.h"

/* Copies src with its NUL; -1 (and dst empty) if it does not fit. */
MM_MUST_USE int text_copy(char *dst, size_t size, const char *src);
/* Decimal digits only (a minus where least < 0), least..most; 0 or -1. */
MM_MUST_USE int text_number(const char *s, int64_t least, int64_t most,
    int64_t *n_r);
/* "250ms", "30s", "5m", "1h", "2d"; "0" alone too.  Gives milliseconds. */
MM_MUST_USE int text_duration(const char *s, int64_t *ms_r);
/* "512", "64K", "10M", "2G": powers of 1024.  Gives bytes. */
MM_MUST_USE int text_size(const char *s, int64_t *bytes_r);
/* The shortest exact way to write them, as the parsers above read them. */
void text_from_duration(char *dst, size_t size, int64_t ms);
void text_from_size(char *dst, size_t size, int64_t bytes);

/*
 * For what every session runs: printf(3) is right everywhere else, but its
 * first use costs a fork a dozen pages.  Gives dst, as it is.
 */
#define TEXT_DIGITS 21		/* any int64_t, with its NUL */
char *text_digits(char dst[TEXT_DIGITS], int64_t n);
/* Adds src at *len_io of dst; what does not fit is cut, and false. */
bool text_add(char *dst, size_t size, size_t *len_io, const char *src);

/* ASCII only, whatever the locale. */
static inline char
text_low(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}
void text_lower(char *s);
bool text_same(const char *a, const char *b); /* equal but for case */
bool text_begins(const char *s, const char *prefix); /* but for case */
/* Only printable ASCII (0x20 to 0x7e)? */
bool text_printable(const char *s, size_t len);

/*
 * The known word most like word, or null if none is near (more than a third
 * of its letters would have to change).  For error messages.
 */
const char *text_nearest(const char *word, const char *const *known, size_t n);

#endif

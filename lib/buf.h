/*
 * buf - the one growing byte string, with a hard maximum.
 *
 * A buf never holds more than its maximum: what comes from outside cannot
 * make us grow without bound.  The bytes are always followed by a NUL that
 * does not count.  Bytes may hold NULs.
 */
#ifndef LIB_BUF_H
#define LIB_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include "lib/mm.h"

struct buf {
	char *p;	/* the bytes; null until the first one */
	size_t len;	/* how many are used */
	size_t room;	/* how many are allocated */
	size_t most;	/* how many there may ever be */
	bool lent;	/* p is somebody else's memory */
};

void buf_init(struct buf *b, size_t most);
/*
 * The same, with size bytes at memory (at least 1) for what it holds at first:
 * one that does not outgrow them allocates nothing.
 */
void buf_begin(struct buf *b, void *memory, size_t size, size_t most);
/* One that lives there, and never grows beyond it; need not be freed. */
void buf_fixed(struct buf *b, void *memory, size_t size);
void buf_free(struct buf *b);
/* Empties it, keeps the memory. */
void buf_reset(struct buf *b);

/* Each gives 0, or -1 with b unchanged if it would pass the maximum. */
MM_MUST_USE int buf_add(struct buf *b, const void *p, size_t len);
MM_MUST_USE int buf_adds(struct buf *b, const char *s);
MM_MUST_USE int buf_addc(struct buf *b, char c);
MM_MUST_USE int buf_addf(struct buf *b, const char *fmt, ...) MM_PRINTF(2, 3);

/* Makes sure that extra more bytes fit behind len; 0 or -1 as above. */
MM_MUST_USE int buf_reserve(struct buf *b, size_t extra);
/* Drops the first n bytes. */
void buf_drop(struct buf *b, size_t n);
/* The bytes as a C string ("" when empty). */
const char *buf_str(const struct buf *b);

#endif

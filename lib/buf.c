/*
 * buf - the one growing byte string, with a hard maximum.
 *
 * room counts the byte for the NUL, len and most do not.
 */
#include "config.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lib/buf.h"
#include "lib/log.h"
#include "lib/xalloc.h"

#define FIRST_ROOM 64

void
buf_init(struct buf *b, size_t most)
{
	PANIC_IF(most == SIZE_MAX);
	*b = (struct buf){ .most = most };
}

void
buf_begin(struct buf *b, void *memory, size_t size, size_t most)
{
	buf_init(b, most);
	PANIC_IF(size == 0);
	b->p = memory;
	b->room = size;
	b->lent = true;
	b->p[0] = '\0';
}

void
buf_fixed(struct buf *b, void *memory, size_t size)
{
	PANIC_IF(size == 0);
	buf_begin(b, memory, size, size - 1);
}

void
buf_free(struct buf *b)
{
	/* One that allocated nothing costs not even the page of free(3). */
	if (b->p != NULL && !b->lent)
		free(b->p);
	b->p = NULL;
	b->len = b->room = 0;
	b->lent = false;
}

void
buf_reset(struct buf *b)
{
	b->len = 0;
	if (b->p != NULL)
		b->p[0] = '\0';
}

int
buf_reserve(struct buf *b, size_t extra)
{
	size_t room = b->room > 0 ? b->room : FIRST_ROOM;

	if (extra > b->most - b->len)
		return -1;
	if (b->len + extra < b->room)
		return 0;
	while (room <= b->len + extra)
		room = room > SIZE_MAX / 2 ? SIZE_MAX : room * 2;
	if (room > b->most + 1)
		room = b->most + 1;
	if (b->lent) {
		char *own = xmalloc(room);

		memcpy(own, b->p, b->len);
		b->p = own;
		b->lent = false;
	} else {
		b->p = xresize(b->p, room, 1);
	}
	b->room = room;
	b->p[b->len] = '\0';
	return 0;
}

int
buf_add(struct buf *b, const void *p, size_t len)
{
	if (buf_reserve(b, len) == -1)
		return -1;
	if (len > 0)
		memcpy(b->p + b->len, p, len);
	b->len += len;
	b->p[b->len] = '\0';
	return 0;
}

int
buf_adds(struct buf *b, const char *s)
{
	return buf_add(b, s, strlen(s));
}

int
buf_addc(struct buf *b, char c)
{
	return buf_add(b, &c, 1);
}

int
buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (len < 0 || buf_reserve(b, (size_t)len) == -1)
		return -1;
	va_start(ap, fmt);
	vsnprintf(b->p + b->len, (size_t)len + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)len;
	return 0;
}

void
buf_drop(struct buf *b, size_t n)
{
	PANIC_IF(n > b->len);
	if (n == 0)
		return;
	memmove(b->p, b->p + n, b->len - n);
	b->len -= n;
	b->p[b->len] = '\0';
}

const char *
buf_str(const struct buf *b)
{
	return b->p != NULL ? b->p : "";
}

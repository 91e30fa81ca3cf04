/*
 * relay_body - framing.
 *
 * What it sends must be one message to whoever reads it, however sloppily: a
 * CR or LF alone is never sent (where an entry has one, the caller refuses).
 */
#include "config.h"

#include <string.h>

#include "chans/relay_body.h"
#include "lib/clock.h"

#define BLOCK (32 * 1024)

/* Bytes on their way to the wire, in blocks. */
struct out {
	struct relay_wire *wire;
	int block_ms;
	int64_t deadline;
	size_t n;
	char block[BLOCK];
};

static bool
has_eight(const char *p, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if ((unsigned char)p[i] >= 0x80)
			return true;
	}
	return false;
}

/* The header with its last LF, or all of it. */
static size_t
header_length(const char *p, size_t len)
{
	const char *end = memmem(p, len, "\n\n", 2), *crlf;

	crlf = memmem(p, end != NULL ? (size_t)(end - p) : len, "\n\r\n", 3);
	if (crlf != NULL)
		end = crlf;
	return end != NULL ? (size_t)(end - p) + 1 : len;
}

void
relay_body_look(struct relay_body *b)
{
	const char *p = b->p, *end = b->p + b->len;
	uint64_t lines = 0;

	b->eight = has_eight(b->p, b->len);
	b->eight_header = b->eight &&
	    has_eight(b->p, header_length(b->p, b->len));
	b->size = b->len;
	b->odd = b->unended = false;
	if (b->binary)
		return;
	b->odd = b->len > 0 && (memchr(b->p, '\r', b->len) != NULL ||
	    memchr(b->p, '\0', b->len) != NULL);
	for (; p < end && (p = memchr(p, '\n', (size_t)(end - p))) != NULL;
	    p++)
		lines++;
	b->unended = b->len > 0 && b->p[b->len - 1] != '\n';
	b->size += lines + (b->unended ? 2 : 0);
}

static int
send_block(struct out *o, const char *p, size_t len)
{
	int64_t block = clock_ms() + o->block_ms;

	return relay_wire_write(o->wire, p, len,
	    block < o->deadline ? block : o->deadline);
}

static int
flush(struct out *o)
{
	int result = o->n == 0 ? 0 : send_block(o, o->block, o->n);

	o->n = 0;
	return result;
}

static int
put(struct out *o, const char *p, size_t len)
{
	size_t room;

	while (len > 0) {
		room = sizeof o->block - o->n;
		if (room > len)
			room = len;
		memcpy(o->block + o->n, p, room);
		o->n += room;
		p += room;
		len -= room;
		if (o->n == sizeof o->block && flush(o) == -1)
			return -1;
	}
	return 0;
}

/* Its lines, each with CRLF; dots: one more before one that begins a line. */
static int
put_lines(struct out *o, const struct relay_body *b, bool dots)
{
	const char *p = b->p, *end = b->p + b->len, *lf;

	while (p < end) {
		if (dots && *p == '.' && put(o, ".", 1) == -1)
			return -1;
		lf = memchr(p, '\n', (size_t)(end - p));
		if (lf == NULL)
			lf = end;
		if (put(o, p, (size_t)(lf - p)) == -1 ||
		    put(o, "\r\n", 2) == -1)
			return -1;
		p = lf + 1;
	}
	return 0;
}

int
relay_body_data(struct relay_wire *w, const struct relay_body *b,
    int block_ms, int64_t deadline)
{
	struct out o;

	o.wire = w;
	o.block_ms = block_ms;
	o.deadline = deadline;
	o.n = 0;
	if (put_lines(&o, b, true) == -1 || put(&o, ".\r\n", 3) == -1)
		return -1;
	return flush(&o);
}

int
relay_body_bdat(struct relay_wire *w, const struct relay_body *b,
    int block_ms, int64_t deadline)
{
	struct out o;
	size_t at, len;

	o.wire = w;
	o.block_ms = block_ms;
	o.deadline = deadline;
	o.n = 0;
	if (!b->binary)
		return put_lines(&o, b, false) == -1 ? -1 : flush(&o);
	for (at = 0; at < b->len; at += len) {
		len = b->len - at < BLOCK ? b->len - at : BLOCK;
		if (send_block(&o, b->p + at, len) == -1)
			return -1;
	}
	return 0;
}

/*
 * mimecode - quoted-printable and base64.
 */
#include "config.h"

#include <stdint.h>
#include <string.h>

#include "chans/mimecode.h"

#define LINE_MOST 76

/* Is there an end of line at p?  Its length, or 0. */
static size_t
line_end(const char *p, size_t len, bool crlf)
{
	if (crlf)
		return len > 1 && p[0] == '\r' && p[1] == '\n' ? 2 : 0;
	return p[0] == '\n' ? 1 : 0;
}

static bool
as_it_is(const char *p, size_t len, bool crlf, size_t column, bool soft)
{
	char c = p[0];

	if (c == ' ' || c == '\t')
		return len > 1 && line_end(p + 1, len - 1, crlf) == 0;
	if (c == 'F' && column == 0)
		return len < 5 || memcmp(p, "From ", 5) != 0;
	/* What stood in the midst of a line must not become a boundary. */
	if (c == '-' && column == 0)
		return !soft;
	return c > 0x20 && c < 0x7f && c != '=';
}

/* How it is written, in at most three bytes; how many. */
static size_t
quote(const char *p, bool plain, char *dst)
{
	static const char hex[] = "0123456789ABCDEF";
	unsigned char c = (unsigned char)*p;

	dst[0] = plain ? *p : '=';
	dst[1] = hex[c >> 4];
	dst[2] = hex[c & 15];
	return plain ? 1 : 3;
}

int
mimecode_quoted(struct buf *b, const char *p, size_t len, bool crlf)
{
	size_t at = 0, column = 0, n;
	bool soft = false;
	char as[3];

	while (at < len) {
		n = line_end(p + at, len - at, crlf);
		if (n > 0) {
			if (buf_addc(b, '\n') == -1)
				return -1;
			at += n;
			column = 0;
			soft = false;
			continue;
		}
		n = quote(p + at, as_it_is(p + at, len - at, crlf, column,
		    soft), as);
		if (column + n >= LINE_MOST) {
			if (buf_add(b, "=\n", 2) == -1)
				return -1;
			column = 0;
			soft = true;
			n = quote(p + at, as_it_is(p + at, len - at, crlf, 0,
			    true), as);
		}
		if (buf_add(b, as, n) == -1)
			return -1;
		column += n;
		at++;
	}
	return 0;
}

struct base64 {
	struct buf *out;
	uint32_t bits;
	int held;		/* bytes of bits, 0 to 2 */
	size_t column;
	bool full;
};

static void
put_four(struct base64 *b, int bytes)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789+/";
	char four[4];

	for (int i = 0; i < 4; i++)
		four[i] = i <= bytes ? digits[b->bits >> (18 - 6 * i) & 63] :
		    '=';
	if (b->column == LINE_MOST) {
		if (buf_addc(b->out, '\n') == -1)
			b->full = true;
		b->column = 0;
	}
	if (buf_add(b->out, four, 4) == -1)
		b->full = true;
	b->column += 4;
	b->bits = 0;
	b->held = 0;
}

static void
put_byte(struct base64 *b, char c)
{
	b->bits |= (uint32_t)(unsigned char)c << (16 - 8 * b->held);
	if (++b->held == 3)
		put_four(b, 3);
}

int
mimecode_base64(struct buf *b, const char *p, size_t len, bool crlf)
{
	struct base64 to = { .out = b };

	for (size_t i = 0; i < len && !to.full; i++) {
		if (p[i] == '\n' && !crlf)
			put_byte(&to, '\r');
		put_byte(&to, p[i]);
	}
	if (to.held > 0)
		put_four(&to, to.held);
	return to.full ? -1 : 0;
}

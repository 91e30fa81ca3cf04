/*
 * fuzz_mime7 - any bytes as a message, the first of them as flags: what is
 * converted is of 7 bits, converting it again changes nothing, and what is
 * refused leaves nothing behind.
 */
#include "config.h"

#include <string.h>
#include "chans/mime7.h"
#include "lib/buf.h"
#include "tests/fuzz/fuzz.h"

static void
check_good(const struct buf *b, int flags)
{
	const char *why;
	struct buf again;
	size_t i;

	for (i = 0; i < b->len && (flags & MIME7_UTF8) == 0; i++)
		must((unsigned char)b->p[i] < 0x80 && b->p[i] != 0 &&
		    b->p[i] != 0x0d, "7 bits");
	must(b->len == 0 || b->p[b->len - 1] == '\n', "a last line");
	buf_init(&again, 4 * 1024 * 1024);
	if ((flags & MIME7_UTF8) == 0) {
		must(mime7_convert(b->p, b->len, 0, &again, &why) == 0,
		    "what came out goes in");
		must(again.len == b->len &&
		    (b->len == 0 || memcmp(again.p, b->p, b->len) == 0),
		    "and comes out as it is");
	}
	buf_free(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *why = NULL;
	struct buf b;
	int flags;

	if (size == 0 || size > 100000)
		return 0;
	flags = data[0] & (MIME7_BINARY | MIME7_UTF8);
	buf_init(&b, 4 * 1024 * 1024);
	if (mime7_convert((const char *)data + 1, size - 1, flags, &b,
	    &why) == 0)
		check_good(&b, flags);
	else {
		must(b.len == 0, "nothing is left");
		must(why != NULL && why[0] != '\0', "a reason");
	}
	buf_free(&b);
	return 0;
}

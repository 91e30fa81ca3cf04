/*
 * fuzz_subproto - a frame's type and any bytes as its payload: what a decoder
 * takes, its encoder writes again byte for byte.
 */
#include "config.h"

#include <string.h>
#include "lib/subproto.h"
#include "tests/fuzz/fuzz.h"

/* Decodes and encodes again; -1 if the payload is refused. */
static int
again(uint8_t type, const uint8_t *p, size_t len, struct buf *b)
{
	struct sub_hello h;
	struct sub_envelope e;
	struct sub_recipient r;
	struct sub_verdict v;
	uint64_t n;

	switch (type) {
	case SUB_HELLO:
		return sub_get_hello(p, len, &h) == -1 ? -1 :
		    sub_put_hello(b, &h);
	case SUB_ENVELOPE:
		return sub_get_envelope(p, len, &e) == -1 ? -1 :
		    sub_put_envelope(b, &e);
	case SUB_RECIPIENT:
		return sub_get_recipient(p, len, &r) == -1 ? -1 :
		    sub_put_recipient(b, &r);
	case SUB_VERDICT:
		return sub_get_verdict(p, len, &v) == -1 ? -1 :
		    sub_put_verdict(b, &v);
	case SUB_COMMIT:
		return sub_get_commit(p, len, &n) == -1 ? -1 :
		    sub_put_commit(b, n);
	default:
		return -1;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const size_t header = sizeof(struct sub_header);
	struct sub_header h;
	struct buf b;

	if (size >= header && sub_get_header(data, &h) == 0)
		must(h.len <= SUB_FRAME_MOST, "a bounded frame");
	if (size == 0)
		return 0;
	buf_init(&b, header + SUB_FRAME_MOST);
	if (again(data[0], data + 1, size - 1, &b) == 0) {
		must(sub_get_header(b.p, &h) == 0 && h.type == data[0] &&
		    h.len == size - 1 && b.len == header + h.len,
		    "a header that says so");
		must(memcmp(b.p + header, data + 1, size - 1) == 0,
		    "the same payload");
	} else {
		must(b.len == 0, "what was taken can be written");
	}
	buf_free(&b);
	return 0;
}

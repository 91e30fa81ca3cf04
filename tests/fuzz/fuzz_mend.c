/*
 * fuzz_mend - any bytes as the text of a message, the first two as flags and
 * as the size of pieces: the pieces make no difference, mending it again
 * changes nothing, nothing of the body is touched, and of the header nothing
 * is lost but Bcc.
 */
#include "config.h"

#include <string.h>
#include "smtpsrvr/mend.h"
#include "tests/fuzz/fuzz.h"

#define MOST (8 * 1024 * 1024)

static void
run(const char *p, size_t len, size_t piece, int what, bool crlf,
    struct buf *to)
{
	struct mend m = { .facts = { .what = what, .date = "D", .id = "<i@d>",
	    .from = "f@d", .domain = "d", .crlf = crlf, .utf8 = true } };
	struct buf out;
	size_t used;

	buf_init(&out, MEND_OUT);
	buf_init(to, MOST);
	while (len > 0 && !m.over) {
		mend_take(&m, p, len < piece ? len : piece, &used, &out);
		must(used > 0 || m.over, "it goes on");
		must(buf_add(to, out.p, out.len) == 0, "it grows little");
		buf_reset(&out);
		p += used;
		len -= used;
	}
	mend_end(&m, &out);
	must(buf_add(to, out.p, out.len) == 0 && buf_add(to, p, len) == 0,
	    "it grows little");
	mend_free(&m);
	buf_free(&out);
}

static bool
same(const struct buf *a, const struct buf *b)
{
	return a->len == b->len &&
	    (a->len == 0 || memcmp(a->p, b->p, a->len) == 0);
}

/* Every byte of p comes in b, in the same order. */
static void
keeps(const char *p, size_t len, const struct buf *b)
{
	size_t at = 0;

	for (size_t i = 0; i < b->len && at < len; i++)
		at += b->p[i] == p[at];
	must(at == len, "nothing is lost");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data + 2;
	struct buf whole, pieces, again;
	bool crlf;
	int what;

	if (size < 2 || size > 200000)
		return 0;
	what = data[0] & 0x3f;
	crlf = (data[0] & 0x40) != 0;
	size -= 2;
	run(p, size, MEND_PIECE, what, crlf, &whole);
	run(p, size, 1 + data[1] % 64, what, crlf, &pieces);
	must(same(&whole, &pieces), "pieces make no difference");
	if ((what & MEND_BCC) == 0)
		keeps(p, size, &whole);
	run(buf_str(&whole), whole.len, MEND_PIECE, what, crlf, &again);
	must(same(&whole, &again), "what is mended stays as it is");
	buf_free(&whole);
	buf_free(&pieces);
	buf_free(&again);
	return 0;
}

/*
 * fuzz_scan - any bytes as a configuration file: what is taken has as many
 * lines as before and no NUL; what is refused is refused with a reason.
 */
#include "config.h"

#include <string.h>
#include "tests/fuzz/fuzz.h"
#include "tools/scan.h"

#define MOST 65536

static size_t
count(const char *p, size_t len, char c)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += p[i] == c;
	return n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data;
	struct buf out, why;
	struct conf_wrong w = { &why, 0 };

	if (size > MOST)
		return 0;
	buf_init(&out, 16 * MOST);
	buf_init(&why, MOST);
	if (scan_text(p, size, "f", &out, &w) == 0) {
		must(w.n == 0, "nothing is wrong with what is taken");
		must(count(out.p, out.len, '\n') == count(p, size, '\n'),
		    "as many lines");
		must(count(out.p, out.len, '\0') == 0, "no NUL");
	} else {
		must(w.n > 0 && why.len > 0, "a refusal has a reason");
	}
	buf_free(&out);
	buf_free(&why);
	return 0;
}

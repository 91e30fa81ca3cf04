/*
 * fuzz_conf - any bytes as a configuration record, and behind a digest that is
 * right: what is taken packs again, to a record that gives the same.
 */
#include "config.h"

#include <string.h>
#include "lib/conf.h"
#include "lib/digest.h"
#include "lib/xalloc.h"
#include "tests/fuzz/fuzz.h"

#define MOST (1024 * 1024)

static void
check(const void *p, size_t len)
{
	struct conf *c = conf_unpack(p, len), *d;
	struct settings v;
	struct buf b, b2;

	if (c == NULL)
		return;
	buf_init(&b, CONF_RECORD_MOST);
	buf_init(&b2, CONF_RECORD_MOST);
	must(conf_pack(c, &b) == 0, "what was taken packs");
	d = conf_unpack(b.p, b.len);
	must(d != NULL, "and is taken again");
	must(conf_pack(d, &b2) == 0 && b.len == b2.len &&
	    memcmp(b.p, b2.p, b.len) == 0, "as the same");
	conf_effective(c, c->nlisteners - 1, c->nchannels - 1, &v);
	must(v.hostname != NULL && v.max_errors > 0, "and is complete");
	conf_free(c);
	conf_free(d);
	buf_free(&b);
	buf_free(&b2);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t length = (uint32_t)size;
	uint64_t digest;
	char *copy;

	check(data, size);
	if (size < 24 || size > MOST)
		return 0;
	/* Length and digest are made right, so that what is between counts. */
	copy = xmemdup0((const char *)data, size);
	memcpy(copy + 12, &length, sizeof(length));
	digest = digest_of(copy, size - sizeof(digest));
	memcpy(copy + size - sizeof(digest), &digest, sizeof(digest));
	check(copy, size);
	free(copy);
	return 0;
}

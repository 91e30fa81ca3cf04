/*
 * fuzz_proxy - any bytes as the header of a proxy: what is whole is so by its
 * own bytes alone, what is good so far is what more can complete, addresses
 * are some, and TLVs stay within it.
 */
#include "config.h"

#include <string.h>

#include "lib/proxy.h"
#include "tests/fuzz/fuzz.h"

static void
check_tlvs(const struct proxy *x, const uint8_t *data)
{
	const uint8_t *at = x->tlvs;
	size_t left = x->tlvs_len, seen = 0;
	struct proxy_tlv t;

	if (at == NULL)
		return;
	must(at >= data && at + left == data + x->len, "TLVs end the header");
	while (proxy_next(&at, &left, &t)) {
		must(t.value + t.len <= data + x->len, "a value is in it");
		seen += 3 + t.len;
	}
	must(seen == x->tlvs_len, "they are all of it");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct proxy x, y;
	const char *why;
	enum proxy_end end = proxy_parse(data, size, &x, &why);

	if (end == PROXY_BAD) {
		must(why[0] != '\0', "it says why");
		return 0;
	}
	if (end == PROXY_MORE) {
		must(size < PROXY_MOST && x.missing > 0 &&
		    size + x.missing <= PROXY_MOST, "it never wants too much");
		return 0;
	}
	must(x.len > 0 && x.len <= size && x.len <= PROXY_MOST, "its length");
	must(x.silent || (net_good(&x.client) && net_good(&x.server) &&
	    x.client.family != 0 && x.server.family != 0), "addresses");
	must(!x.local || x.silent, "a look says nothing of a client");
	check_tlvs(&x, data);
	must(proxy_parse(data, x.len, &y, &why) == PROXY_WHOLE &&
	    y.len == x.len, "what follows is nothing to it");
	for (size_t n = x.len < 200 ? 0 : x.len - 1; n < x.len; n++)
		must(proxy_parse(data, n, &y, &why) == PROXY_MORE &&
		    n + y.missing <= x.len, "less wants no more than that");
	return 0;
}

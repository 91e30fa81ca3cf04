/*
 * fuzz_tbrow - any bytes as lines of a table: a row that is taken is within
 * its bounds, and what is printed of it is read as the same row.
 */
#include "config.h"

#include <string.h>
#include "lib/utf8.h"
#include "lib/xalloc.h"
#include "tables/glob.h"
#include "tables/patrow.h"
#include "tables/tb.h"
#include "tests/fuzz/fuzz.h"

static void
check_reason(const char *why)
{
	must(why[0] != '\0', "a refused line has a reason");
}

static void
check_key(const struct tbrow *r)
{
	size_t i, n, mark = r->key[0] == '!';
	uint32_t code;

	must(r->klen > mark && r->klen < TBROW_KEY, "a key has a length");
	must(r->key[r->klen] == '\0' && strlen(r->key) == r->klen,
	    "that of its text");
	must(r->key[mark] != '!', "and at most one mark");
	must(!mark || r->value.len == 0, "and then no value");
	must(r->value.len <= TBROW_VALUE, "a value has a maximum");
	for (i = 0; i < r->klen; i += n) {
		n = utf8_next(r->key + i, r->klen - i, &code);
		must(n > 0, "keys are UTF-8");
		must((!utf8_is_control(code) || code == '\t') &&
		    (code < 'A' || code > 'Z'), "without capitals of ASCII");
	}
	if (r->kind == TBROW_ADDRESS)
		must(r->bits == net_bits(&r->address), "an address is whole");
	if (r->kind == TBROW_PREFIX)
		must(r->bits >= 0 && r->bits < net_bits(&r->address),
		    "a prefix is not");
}

static void
check_row(const char *line, size_t len)
{
	char why[256] = "";
	struct tbrow r, again;
	struct buf b;
	int rc;

	tbrow_init(&r);
	tbrow_init(&again);
	buf_init(&b, 4 * TBROW_KEY + 4 * TBROW_VALUE);
	rc = tbrow_parse(&r, line, len, why, sizeof(why));
	if (rc == -1)
		check_reason(why);
	if (rc == 1) {
		check_key(&r);
		must(tbrow_print(&b, r.key, r.klen, buf_str(&r.value),
		    r.value.len) == 0, "a row can be printed");
		must(tbrow_parse(&again, b.p, b.len - 1, why, sizeof(why)) ==
		    1, "what is printed is a row");
		must(again.klen == r.klen &&
		    memcmp(again.key, r.key, r.klen) == 0, "of that key");
		must(again.value.len == r.value.len && (r.value.len == 0 ||
		    memcmp(again.value.p, r.value.p, r.value.len) == 0),
		    "and value");
		must(again.kind == r.kind, "and kind");
	}
	buf_free(&b);
	tbrow_free(&again);
	tbrow_free(&r);
}

static void
check_pattern(const char *line, size_t len)
{
	struct patrow r = { .negated = false };
	char why[400] = "";
	int rc;

	tbrow_init(&r.row);
	rc = patrow_parse(&r, line, len, why, sizeof(why));
	if (rc == -1)
		check_reason(why);
	if (rc == 1) {
		must(r.key == line && r.klen <= len, "a key is in its line");
		must(r.plen > 0 && r.plen <= PATROW_PATTERN &&
		    r.pattern > r.key &&
		    r.pattern + r.plen < r.key + r.klen,
		    "a pattern is in its key");
		must(r.pattern[-1] == '/' && r.pattern[r.plen] == '/',
		    "between two slashes");
		must(!r.negated || r.row.value.len == 0,
		    "a negated one has no value");
	}
	tbrow_free(&r.row);
}

/* Reading past either end shows, whatever the pattern is. */
static void
check_glob(const char *line, size_t len)
{
	(void)glob_wrong(line, len);
	(void)glob_match(line, len / 2, line + len / 2, len - len / 2);
	(void)glob_match(line, len, line, len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* A copy of each line, so that reading past its end shows. */
	const char *p = (const char *)data, *end = p + size;

	while (p < end) {
		const char *lf = memchr(p, '\n', (size_t)(end - p));
		size_t len = (size_t)((lf != NULL ? lf : end) - p);
		char *line = xmalloc(len + 1);

		memcpy(line, p, len);
		line = xresize(line, len > 0 ? len : 1, 1);
		check_row(line, len);
		check_pattern(line, len);
		check_glob(line, len);
		free(line);
		p += len + 1;
	}
	return 0;
}

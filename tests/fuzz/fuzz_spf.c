/*
 * fuzz_spf - any bytes as an SPF record and as what it is evaluated with: it
 * ends, within its limits, with a result, and says nothing but printable
 * ASCII; a macro string that is good expands.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include "lib/buf.h"
#include "lib/text.h"
#include "lib/xalloc.h"
#include "tables/spf.h"
#include "tables/spfmacro.h"
#include "tests/fuzz/fuzz.h"

#define MOST 4000

/* Each question is answered with the same bytes, or by turns. */
struct served {
	struct spf_resolver r;	/* first */
	const uint8_t *data;
	size_t size;
	unsigned asked;
	uint8_t bytes[MOST + 64];
};

static void
add(struct served *z, size_t *len, const void *p, size_t n)
{
	z->bytes[(*len)++] = (uint8_t)n;
	z->bytes[(*len)++] = (uint8_t)(n >> 8);
	memcpy(z->bytes + *len, p, n);
	*len += n;
}

static void
answer(struct spf_resolver *r, enum records_type type, const char *name,
    struct records_got *got_r)
{
	struct served *z = (struct served *)r;
	size_t len = 0;

	must(strlen(name) <= 253 && name[0] != '\0' && name[0] != '.',
	    "what is asked for is a name");
	must(++z->asked < 1000, "there are limits");
	*got_r = (struct records_got){ .outcome = RECORDS_FOUND,
	    .p = z->bytes };
	if (type == RECORDS_A)
		add(z, &len, z->asked % 2 != 0 ? "\300\0\2\1" : "\12\0\0\1", 4);
	else if (type == RECORDS_AAAA)
		got_r->outcome = RECORDS_LATER;
	else if (type == RECORDS_MX || type == RECORDS_PTR)
		add(z, &len, "host.x.test", 11);
	else
		add(z, &len, z->data, z->size);
	got_r->len = (uint16_t)len;
}

static const char *
validated(void *arg)
{
	(void)arg;
	return "host.x.test";
}

static void
macros(const char *s, size_t len)
{
	struct spfmacro m = { .client = { .family = 4, .ip = { 192, 0, 2,
	    1 } }, .local = "a-b+c", .origin = "o.test", .domain = "d.test",
	    .helo = "h.test", .receiver = "r.test", .validated = validated };
	struct buf b;

	for (int kind = SPFMACRO_STRING; kind <= SPFMACRO_EXPLAIN; kind++) {
		if (!spfmacro_good(s, len, (enum spfmacro_kind)kind))
			continue;
		buf_init(&b, 100000);
		must(spfmacro_expand(&m, s, len, &b) == 0 || len > 1000,
		    "what is good expands");
		must(text_printable(buf_str(&b), b.len), "and is printable");
		buf_free(&b);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct served z = { .r = { answer } };
	struct spf_question q = { .local = "a.b", .domain = "x.test",
	    .helo = "h.test", .receiver = "r.test" };
	struct spf_answer a;

	if (size > MOST)
		return 0;
	z.data = data;
	z.size = size;
	for (int family = 4; family <= 6; family += 2) {
		z.asked = 0;
		q.client = (struct netaddr){ .family = (uint8_t)family,
		    .ip = { 192, 0, 2, 99 } };
		spf_check(&q, &z.r, &a);
		must(a.result > SPF_UNASKED && a.result < SPF_RESULTS,
		    "a result");
		must(text_printable(a.why, strlen(a.why)) &&
		    text_printable(a.said, strlen(a.said)) &&
		    text_printable(a.matched, strlen(a.matched)),
		    "printable");
		must((a.result == SPF_PERMERROR || a.result ==
		    SPF_TEMPERROR) == (a.why[0] != '\0'),
		    "errors have reasons");
		must(a.terms <= SPF_TERMS + 1 && a.voids <= SPF_VOIDS + 1,
		    "within the limits");
	}
	macros((const char *)data, size);
	return 0;
}

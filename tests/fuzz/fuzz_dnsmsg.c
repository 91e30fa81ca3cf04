/*
 * fuzz_dnsmsg - any bytes as an answer of a name server, to the question that
 * they hold themselves: what comes out is within its bounds, and a host's
 * name is nothing but that.
 */
#include "config.h"

#include <string.h>
#include "lib/path.h"
#include "lib/records.h"
#include "tables/dnsmsg.h"
#include "tests/fuzz/fuzz.h"

static const struct netaddr four = { .family = 4, .ip = { 192, 0, 2, 1 } };
static const struct netaddr six = { .family = 6, .ip = { 0x20, 1, 13, 0xb8 } };
static const struct dnsname us = { 4, "\2us" };

/* The name in the question, if it is written without pointers. */
static struct dnsname
question(const uint8_t *p, size_t len)
{
	struct dnsname n = { 0 };
	size_t at = 12, i;

	while (at < len && p[at] < 64 && at + 1 + p[at] <= len &&
	    n.len + 1 + p[at] <= 255) {
		size_t label = p[at];

		for (i = 0; i <= label; i++) {
			uint8_t c = p[at + i];

			n.wire[n.len++] = i > 0 && c >= 'A' && c <= 'Z' ?
			    (uint8_t)(c + 32) : c;
		}
		at += 1 + label;
		if (label == 0)
			break;
	}
	return n;
}

static void
check_name(const struct dnsname *n)
{
	char text[DNSNAME_TEXT];
	size_t i, len;

	must(n->len > 0 && n->wire[n->len - 1] == 0, "a name has its end");
	if (dnsname_host(n, text) != 0) {
		must(text[0] == '\0', "what is no host has no text");
		return;
	}
	len = strlen(text);
	must(len > 0 && len < DNSNAME_TEXT && path_is_domain(text, len),
	    "a host's name is a domain");
	for (i = 0; i < len; i++)
		must(text[i] > ' ' && text[i] < 0x7f &&
		    (text[i] < 'A' || text[i] > 'Z'), "in lower case");
}

/* Every record as it is: whole ones, within the room. */
static void
check_raw(const uint8_t *data, size_t size, const struct dnsname *name,
    enum dnsmsg_type type)
{
	struct buf b;
	struct dnsmsg_raw raw = { .b = &b, .spf = size % 2 != 0 };
	const struct dnsmsg_want want = { .raw = &raw };
	struct records_got got;
	struct dnsmsg m;
	const uint8_t *p;
	size_t at = 0, len;

	buf_init(&b, 300);
	dnsmsg_read(data, size, name, type, &want, &m);
	got = (struct records_got){ .len = (uint16_t)b.len,
	    .p = (const uint8_t *)b.p };
	while (records_next(&got, &at, &p, &len))
		must(type != DNSMSG_A || len == 4, "an address");
	must(at == b.len, "whole records");
	buf_free(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum dnsmsg_type types[] = {
		DNSMSG_A, DNSMSG_PTR, DNSMSG_MX, DNSMSG_AAAA
	};
	struct dnsmsg_all all = { .n = 0 };
	const struct dnsmsg_want wants[] = {
		{ 1, 0, &four, NULL, NULL, NULL }, { 0 },
		{ 0, 1, NULL, &us, &all, NULL },
		{ 1, 0, &six, NULL, NULL, NULL }
	};
	struct dnsname name = question(data, size);
	struct dnsmsg m;

	check_raw(data, size, &name, DNSMSG_TXT);
	for (size_t t = 0; t < ARRAY_LEN(types); t++) {
		dnsmsg_read(data, size, &name, types[t], &wants[t], &m);
		must(m.outcome <= DNSMSG_BAD, "a known outcome");
		check_raw(data, size, &name, types[t]);
		must(all.n >= 0 && all.n <= DNSMSG_ALL, "a bounded list");
		for (int i = 1; i < all.n; i++)
			must(all.at[i - 1].preference <= all.at[i].preference,
			    "the best first");
		must(m.n >= 0 && m.n <= DNSMSG_NAMES, "bounded names");
		must(types[t] != DNSMSG_PTR || !m.holds, "no address in PTR");
		must(!m.null || (types[t] == DNSMSG_MX && m.n == 0),
		    "a null MX has no host");
		must(m.outcome == DNSMSG_BAD || m.ttl <= INT32_MAX, "a TTL");
		for (int i = 0; i < m.n; i++) {
			check_name(&m.names[i]);
			must(i == 0 || memcmp(m.names[i - 1].wire,
			    m.names[i].wire, 255) < 0, "sorted, once each");
		}
		if (m.outcome == DNSMSG_ALIAS)
			check_name(&m.alias);
	}
	return 0;
}

/*
 * t_trace - Received: lines byte by byte, dates, identifiers.
 */
#include "config.h"

#include <stdlib.h>
#include "lib/trace.h"
#include "tests/tap.h"

#define WHEN 1795194000	/* 2026-11-20 17:00:00 UTC */

static void
received(const struct trace_facts *f, const char *want, const char *what)
{
	struct buf b;

	buf_init(&b, 4096);
	num(trace_received(&b, f), 0, what);
	is(buf_str(&b), want, what);
	buf_free(&b);
}

static struct trace_facts
facts(const char *peer)
{
	struct trace_facts f = {
		.helo = "client.example", .name = "mail.example",
		.login = "", .by = "mx.example.org", .with = "ESMTP",
		.id = "0123456789ABCDEFGHJK", .only_for = "x@y", .when = WHEN
	};

	if (peer[0] != '\0')
		ok(net_parse(peer, &f.peer) == 0, peer);
	return f;
}

static void
lines(void)
{
	struct trace_facts f = facts("1.2.3.4");

	received(&f, "Received: from client.example (mail.example [1.2.3.4])\n"
	    "\tby mx.example.org (Inlet) with ESMTP id 0123456789ABCDEFGHJK\n"
	    "\tfor <x@y>; Fri, 20 Nov 2026 17:00:00 +0000\n", "all of it");
	f.name = "";
	f.only_for = "";
	received(&f, "Received: from client.example ([1.2.3.4])\n"
	    "\tby mx.example.org (Inlet) with ESMTP id 0123456789ABCDEFGHJK;\n"
	    "\tFri, 20 Nov 2026 17:00:00 +0000\n", "no name, no for");
	f = facts("2001:db8::1");
	f.helo = "";
	received(&f, "Received: from unknown "
	    "(mail.example [IPv6:2001:db8::1])\n"
	    "\tby mx.example.org (Inlet) with ESMTP id 0123456789ABCDEFGHJK\n"
	    "\tfor <x@y>; Fri, 20 Nov 2026 17:00:00 +0000\n", "IPv6, no HELO");
	f = facts("");
	received(&f, "Received: from client.example\n"
	    "\tby mx.example.org (Inlet) with ESMTP id 0123456789ABCDEFGHJK\n"
	    "\tfor <x@y>; Fri, 20 Nov 2026 17:00:00 +0000\n", "no network");
	f.login = "anna";
	received(&f, "Received: by mx.example.org (Inlet, from userid anna)\n"
	    "\tid 0123456789ABCDEFGHJK\n"
	    "\tfor <x@y>; Fri, 20 Nov 2026 17:00:00 +0000\n", "a local user");
	f.only_for = "";
	received(&f, "Received: by mx.example.org (Inlet, from userid anna)\n"
	    "\tid 0123456789ABCDEFGHJK;\n"
	    "\tFri, 20 Nov 2026 17:00:00 +0000\n", "a local user, no for");
}

static void
strangers(void)
{
	struct trace_facts f = facts("1.2.3.4");
	char big[3000];
	struct buf b;
	const char *nl;

	f.helo = "a\r\nX: y (z)\303\266<\\>";
	f.name = "n\n.b";
	f.only_for = "\"a b\"@y\n";
	received(&f, "Received: from a??X:?y??z?????? (n?.b [1.2.3.4])\n"
	    "\tby mx.example.org (Inlet) with ESMTP id 0123456789ABCDEFGHJK\n"
	    "\tfor <\"a b\"@y?>; Fri, 20 Nov 2026 17:00:00 +0000\n",
	    "nothing of a stranger's ends a line or a comment");
	memset(big, 'h', sizeof(big));
	big[sizeof(big) - 1] = '\0';
	f.helo = big;
	buf_init(&b, 4096);
	num(trace_received(&b, &f), 0, "a long HELO");
	nl = strchr(buf_str(&b), '\n');
	ok(nl != NULL && nl - buf_str(&b) < 998, "is cut");
	buf_free(&b);
	buf_init(&b, 60);
	num(buf_adds(&b, "before"), 0, "a small buffer");
	num(trace_received(&b, &f), -1, "is too small");
	is(buf_str(&b), "before", "and stays as it was");
	num(b.len, strlen("before"), "its length too");
	buf_free(&b);
}

static void
dates(void)
{
	char d[40];

	is(trace_date(0, d, sizeof(d)), "Thu, 01 Jan 1970 00:00:00 +0000",
	    "the epoch");
	is(trace_date(INT64_MAX, d, sizeof(d)),
	    "Thu, 01 Jan 1970 00:00:00 +0000", "no such year");
	setenv("TZ", "ABC-5:30", 1);
	tzset();
	is(trace_date(WHEN, d, sizeof(d)), "Fri, 20 Nov 2026 22:30:00 +0530",
	    "another zone");
	setenv("TZ", "UTC0", 1);
	tzset();
}

static void
identifiers(void)
{
	struct trace_source s, t;
	char a[TRACE_ID], b[TRACE_ID];
	bool rising = true, good = true;
	int i;

	trace_source_init(&s);
	trace_source_init(&t);
	ok(s.random != t.random, "two processes differ");
	ok(s.random >> 40 == 0 && s.start >> 32 == 0, "within their bits");
	trace_next_id(&s, a);
	for (i = 0; i < 5000; i++) {
		trace_next_id(&s, b);
		rising = rising && strcmp(a, b) < 0;
		good = good && strlen(b) == 20 &&
		    strspn(b, "0123456789ABCDEFGHJKMNPQRSTVWXYZ") == 20;
		memcpy(a, b, sizeof(a));
	}
	ok(rising, "identifiers rise");
	ok(good, "20 characters of base 32");
	s = (struct trace_source){ UINT32_MAX, (1ULL << 40) - 1,
	    (1U << 28) - 1 };
	trace_next_id(&s, a);
	is(a, "ZZZZZZZZZZZZZZZZZZZZ", "all bits are there");
	trace_next_id(&s, a);
	is(a, "ZZZZZZR0000000000000", "after the last count");
	s = (struct trace_source){ 1, 1, 1 };
	trace_next_id(&s, a);
	is(a, "00000080000000800001", "each in its place");
}

int
main(void)
{
	setenv("TZ", "UTC0", 1);
	tzset();
	lines();
	strangers();
	dates();
	identifiers();
	return done();
}

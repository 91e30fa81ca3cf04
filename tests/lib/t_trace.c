/*
 * t_trace - Received: lines byte by byte, dates, identifiers.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "lib/text.h"
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
		.shows = TRACE_ALL,
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
	f.crlf = true;
	received(&f, "Received: from client.example (mail.example [1.2.3.4])"
	    "\r\n\tby mx.example.org (Inlet) with ESMTP id "
	    "0123456789ABCDEFGHJK\r\n"
	    "\tfor <x@y>; Fri, 20 Nov 2026 17:00:00 +0000\r\n", "in CRLF");
	f.crlf = false;
	f.name = "";
	f.only_for = "";
	received(&f, "Received: from client.example ([1.2.3.4])\n"
	    "\tby mx.example.org (Inlet) with ESMTP id 0123456789ABCDEFGHJK;\n"
	    "\tFri, 20 Nov 2026 17:00:00 +0000\n", "no name, no for");
	f.priority = -3;
	received(&f, "Received: from client.example ([1.2.3.4])\n"
	    "\tby mx.example.org (Inlet) with ESMTP id 0123456789ABCDEFGHJK\n"
	    "\tpriority -3;\n"
	    "\tFri, 20 Nov 2026 17:00:00 +0000\n", "RFC 6710 7");
	f.priority = 0;
	f.tls = "TLSv1.3 TLS_X a.example";
	received(&f, "Received: from client.example ([1.2.3.4])\n"
	    "\tby mx.example.org (Inlet) with ESMTP id 0123456789ABCDEFGHJK\n"
	    "\ttls TLS_X;\n"
	    "\tFri, 20 Nov 2026 17:00:00 +0000\n", "RFC 8314 4.3");
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

/* What "shows" leaves of the lines above; a grammar of its own follows. */
static void
shown(void)
{
	struct trace_facts f = facts("1.2.3.4");

	f.shows = TRACE_ALL & ~TRACE_ADDRESS;
	received(&f, "Received: from client.example (mail.example)\n"
	    "\tby mx.example.org (Inlet) with ESMTP id 0123456789ABCDEFGHJK\n"
	    "\tfor <x@y>; Fri, 20 Nov 2026 17:00:00 +0000\n", "no address");
	f.shows = TRACE_ALL & ~(TRACE_HELO | TRACE_NAME | TRACE_ADDRESS);
	received(&f, "Received: from unknown\n"
	    "\tby mx.example.org (Inlet) with ESMTP id 0123456789ABCDEFGHJK\n"
	    "\tfor <x@y>; Fri, 20 Nov 2026 17:00:00 +0000\n", "no client");
	f.shows = TRACE_ADDRESS;
	received(&f, "Received: from unknown ([1.2.3.4])\n"
	    "\tby mx.example.org;\n"
	    "\tFri, 20 Nov 2026 17:00:00 +0000\n", "nothing but the address");
	f.login = "anna@x.test) by (y";
	f.shows = TRACE_HELO | TRACE_ADDRESS | TRACE_AUTH;
	received(&f, "Received: from client.example ([1.2.3.4])\n"
	    "\t(authenticated as anna@x.test??by??y)\n"
	    "\tby mx.example.org;\n"
	    "\tFri, 20 Nov 2026 17:00:00 +0000\n", "who it has logged in as");
	f.shows = TRACE_AUTH;
	received(&f, "Received: from unknown\n"
	    "\t(authenticated as anna@x.test??by??y)\n"
	    "\tby mx.example.org;\n"
	    "\tFri, 20 Nov 2026 17:00:00 +0000\n", "and nothing else");
	f.login = "";
	f.shows = 0;
	received(&f, "Received: from unknown\n\tby mx.example.org;\n"
	    "\tFri, 20 Nov 2026 17:00:00 +0000\n", "nothing");
	f = facts("");
	f.login = "anna";
	f.shows = TRACE_ALL & ~TRACE_SOFTWARE;
	received(&f, "Received: by mx.example.org (from userid anna)\n"
	    "\tid 0123456789ABCDEFGHJK\n"
	    "\tfor <x@y>; Fri, 20 Nov 2026 17:00:00 +0000\n", "a login alone");
	f.shows = TRACE_ALL & ~TRACE_LOGIN;
	received(&f, "Received: by mx.example.org (Inlet)\n"
	    "\tid 0123456789ABCDEFGHJK\n"
	    "\tfor <x@y>; Fri, 20 Nov 2026 17:00:00 +0000\n", "no login");
}

/* White space, folded or not, of at least one character. */
static bool
fws(const char **p)
{
	size_t n = strspn(*p, " ");

	*p += n;
	if (strncmp(*p, "\n\t", 2) == 0) {
		*p += 2;
		n++;
	}
	return n > 0;
}

static bool
word(const char **p, const char *what)
{
	const char *at = *p;

	if (!fws(&at) || strncmp(at, what, strlen(what)) != 0)
		return false;
	*p = at + strlen(what);
	return true;
}

static bool
atoms(const char **p)
{
	size_t n = strspn(*p, "abcdefghijklmnopqrstuvwxyz.ABCDEFGHIJKLMNOPQRST"
	    "UVWXYZ0123456789-");

	*p += n;
	return n > 0;
}

/* [FWS "(" ... ")"] */
static bool
comment(const char **p)
{
	if (!word(p, "("))
		return true;
	*p += strcspn(*p, "()\\\n");
	return *(*p)++ == ')';
}

/* FWS Domain [FWS "(" TCP-info or a comment ")"] */
static bool
extended_domain(const char **p)
{
	if (!fws(p) || !atoms(p))
		return false;
	return comment(p);
}

/* RFC 5321 4.4: Time-stamp-line. */
static bool
stamp(const char *p, bool user)
{
	if (strncmp(p, "Received:", 9) != 0)
		return false;
	p += 9;
	/* By-domain begins with CFWS. */
	if (!user && !(word(&p, "from") && extended_domain(&p) &&
	    comment(&p)))
		return false;
	if (!word(&p, "by") || !extended_domain(&p))
		return false;
	if (word(&p, "with") && !(fws(&p) && atoms(&p)))
		return false;
	if (word(&p, "id") && !(fws(&p) && atoms(&p)))
		return false;
	if (word(&p, "for <")) {
		p += strcspn(p, "<> \n");
		if (*p++ != '>')
			return false;
	}
	if (*p++ != ';' || !fws(&p))
		return false;
	return strcmp(p, "Fri, 20 Nov 2026 17:00:00 +0000\n") == 0;
}

static void
every_combination(void)
{
	static const char *const peers[] = { "1.2.3.4", "2001:db8::1", "" };
	size_t bad = 0, n = 0;
	struct buf b;

	buf_init(&b, 4096);
	for (size_t i = 0; i < 4 * ARRAY_LEN(peers); i++)
		for (int shows = 0; shows <= TRACE_ALL; shows++, n++) {
			struct trace_facts f = {
				.shows = shows, .by = "mx.example.org",
				.helo = (i & 1) != 0 ? "c.example" : "",
				.name = (i & 2) != 0 ? "n.example" : "",
				.login = (i & 1) != 0 ? "anna" : "",
				.with = "ESMTP", .id = "0X",
				.only_for = "x@y", .when = WHEN
			};

			if (peers[i / 4][0] != '\0' && net_parse(peers[i / 4],
			    &f.peer) != 0)
				exit(1);
			buf_reset(&b);
			if (trace_received(&b, &f) == 0 &&
			    stamp(buf_str(&b), f.login[0] != '\0' &&
			    f.peer.family == 0))
				continue;
			if (bad++ == 0)
				printf("# %d: %s\n", shows, buf_str(&b));
		}
	buf_free(&b);
	num(n, 12 * 512, "all combinations");
	num(bad, 0, "every one is a line of RFC 5321 4.4");
}

static void
words(void)
{
	static const char *const two[] = { "helo", "for" };
	const struct strings l = { 2, two };
	struct settings v;

	settings_defaults(&v);
	num(trace_bits(&v.received), TRACE_ALL & ~TRACE_AUTH,
	    "by default all is shown but the login");
	num(trace_bits(&l), TRACE_HELO | TRACE_FOR, "words, or-ed");
	num(trace_bit("nothing"), 0, "no such word");
	is(trace_nearest("adress"), "address", "the nearest");
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

/* A clock that steps. */
static int64_t skew;

int
clock_gettime(clockid_t clock, struct timespec *t)
{
	if (syscall(SYS_clock_gettime, clock, t) != 0)
		return -1;
	if (clock == CLOCK_REALTIME)
		t->tv_sec += (time_t)skew;
	return 0;
}

static int
compare(const void *a, const void *b)
{
	return memcmp(a, b, TRACE_ID - 1);
}

/*
 * So many of processes that start and end while the clock steps up to a day
 * forth and back, often to the same second.
 */
static void
clock_steps(size_t n)
{
	char (*all)[TRACE_ID] = malloc(n * sizeof(*all));
	struct trace_source s = { .count = 0 };
	size_t twice = 0;

	if (all == NULL)
		exit(71);
	for (size_t i = 0; i < n; i++) {
		if (i % 1000 == 0) {
			skew = rand() % 2 != 0 ? 0 : rand() % 172800 - 86400;
			trace_source_init(&s);
		}
		trace_next_id(&s, all[i]);
	}
	skew = 0;
	qsort(all, n, sizeof(*all), compare);
	for (size_t i = 1; i < n; i++)
		twice += compare(all[i - 1], all[i]) == 0;
	num(twice, 0, "each identifier once, whatever the clock does");
	printf("# figure G11: %zu identifiers of %zu processes, the clock "
	    "stepping by up to a day: %zu twice\n", n, n / 1000, twice);
	free(all);
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

/* An argument: how many identifiers. */
int
main(int argc, char **argv)
{
	int64_t n = 200000;

	if (argc > 1 && text_number(argv[1], 1, 100000000, &n) != 0)
		return 64;
	setenv("TZ", "UTC0", 1);
	tzset();
	lines();
	shown();
	every_combination();
	words();
	strangers();
	dates();
	identifiers();
	clock_steps((size_t)n);
	return done();
}

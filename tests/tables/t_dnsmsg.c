/*
 * dnsmsg: answers as name servers send them, and as nobody should.
 */
#include "config.h"

#include <stdlib.h>
#include "tables/dnsmsg.h"
#include "tests/tap.h"

#define REVERSE "1.2.0.192.in-addr.arpa"
#define OK 0x8180		/* response, recursion, no error */
#define AUTHORITY 0x8400
#define BARE 0x8000
enum { NS = 2, CNAME = 5, SOA = 6, TXT = 16 };

static const struct netaddr wanted = { .family = 4, .ip = { 192, 0, 2, 1 } };
static const struct dnsname ours = { 4, "\2us" };
static const struct dnsmsg_want want = { 1, 1, &wanted, &ours, NULL, NULL };
static uint8_t msg[4096];
static size_t len;
static struct dnsname asked;
static int type;
static struct dnsmsg m;

static void
put16(unsigned n)
{
	msg[len++] = (uint8_t)(n >> 8);
	msg[len++] = (uint8_t)n;
}

static void
put_name(const char *name)
{
	while (*name != '\0') {
		size_t n = strcspn(name, ".");

		msg[len++] = (uint8_t)n;
		memcpy(msg + len, name, n);
		len += n;
		name += n + (name[n] == '.');
	}
	msg[len++] = 0;
}

/* Begins an answer to a question for name; the counts come from answer(). */
static void
begin(unsigned flags, const char *name, int t)
{
	size_t at;

	memset(msg, 0, sizeof(msg));
	len = 2;
	put16(flags);
	put16(1);
	len = 12;
	at = len;
	put_name(name);
	asked.len = (uint8_t)(len - at);
	memset(asked.wire, 0, sizeof(asked.wire));
	for (size_t i = 0; i < asked.len; i++)
		asked.wire[i] = (uint8_t)(msg[at + i] >= 'A' &&
		    msg[at + i] <= 'Z' ? msg[at + i] + 32 : msg[at + i]);
	type = t;
	put16((unsigned)t);
	put16(1);
}

static void
record(int section, const char *owner, int t, unsigned ttl, const char *name,
    const void *data, size_t n)
{
	size_t at;

	msg[7 + section * 2]++;
	put_name(owner);
	put16((unsigned)t);
	put16(1);
	put16(ttl >> 16);
	put16(ttl & 0xffff);
	at = len;
	put16(0);
	if (name != NULL)
		put_name(name);
	memcpy(msg + len, data, n);
	len += n;
	msg[at] = (uint8_t)((len - at - 2) >> 8);
	msg[at + 1] = (uint8_t)(len - at - 2);
}

static void
named(const char *owner, int t, unsigned ttl, const char *name)
{
	record(0, owner, t, ttl, name, "", 0);
}

static void
soa(unsigned ttl, unsigned least)
{
	uint8_t tail[27] = { 1, 'n', 0, 1, 'h', 0 };

	tail[24] = (uint8_t)(least >> 8);
	tail[25] = (uint8_t)least;
	/* two names of three bytes each and five numbers */
	record(1, "zone", SOA, ttl, NULL, tail, 26);
}

static enum dnsmsg_outcome
answer(void)
{
	/* Exactly its size, so that a sanitizer sees a read behind it. */
	uint8_t *copy = malloc(len + 1);

	memcpy(copy, msg, len);
	copy = realloc(copy, len);
	dnsmsg_read(copy, len, &asked, (enum dnsmsg_type)type, &want, &m);
	free(copy);
	return m.outcome;
}

static const char *
name_of(int i)
{
	static char text[DNSNAME_TEXT];

	return i < m.n && dnsname_text(&m.names[i], text) == 0 ? text : "-";
}

static void
names(void)
{
	char text[DNSNAME_TEXT], owner[16];
	int i;

	begin(OK, REVERSE, DNSMSG_PTR);
	named(REVERSE, DNSMSG_PTR, 300, "B.Example.org");
	named(REVERSE, DNSMSG_PTR, 200, "a.example.org");
	named(REVERSE, DNSMSG_PTR, 300, "b.example.ORG");
	named("other", DNSMSG_PTR, 1, "c.example.org");
	num(answer(), DNSMSG_DATA, "names");
	num(m.n, 2, "each once, others' not");
	is(name_of(0), "a.example.org", "in a fixed order");
	is(name_of(1), "b.example.org", "in lower case");
	num(m.ttl, 200, "the least TTL");
	begin(OK, REVERSE, DNSMSG_PTR);
	for (i = 19; i >= 0; i--) {
		snprintf(owner, sizeof(owner), "n%02d.x", i);
		named(REVERSE, DNSMSG_PTR, 300, owner);
	}
	num(answer(), DNSMSG_DATA, "twenty names");
	num(m.n, DNSMSG_NAMES, "ten are kept");
	is(name_of(9), "n09.x", "the first ten");
	begin(OK, REVERSE, DNSMSG_PTR);
	named(REVERSE, DNSMSG_PTR, 1, "a b");
	named(REVERSE, DNSMSG_PTR, 1, "c\\d");
	named(REVERSE, DNSMSG_PTR, 1, "e\nf");
	named(REVERSE, DNSMSG_PTR, 1, "192.0.2.1");
	named(REVERSE, DNSMSG_PTR, 1, "");
	named(REVERSE, DNSMSG_PTR, 1, "-x.org");
	num(answer(), DNSMSG_DATA, "names that are none");
	for (i = 0; i < m.n && dnsname_host(&m.names[i], text) == -1; i++)
		continue;
	num(i, m.n, "none passes");
}

static void
addresses(void)
{
	static const uint8_t other[] = { 192, 0, 2, 2 };
	uint8_t six[16] = { 192, 0, 2, 1 };

	begin(OK, "a.x", DNSMSG_A);
	record(0, "a.x", DNSMSG_A, 60, NULL, other, 4);
	num(answer(), DNSMSG_DATA, "another address");
	ok(!m.holds, "does not confirm");
	record(0, "A.X", DNSMSG_A, 60, NULL, wanted.ip, 4);
	ok(answer() == DNSMSG_DATA && m.holds, "the address confirms");
	begin(OK, "a.x", DNSMSG_AAAA);
	record(0, "a.x", DNSMSG_AAAA, 60, NULL, six, 16);
	ok(answer() == DNSMSG_DATA && !m.holds,
	    "the same bytes of the other family do not");
	begin(OK, "a.x", DNSMSG_A);
	record(0, "a.x", DNSMSG_A, 60, NULL, wanted.ip, 3);
	num(answer(), DNSMSG_BAD, "a short address");
}

static void
mx(const char *owner, unsigned preference, const char *host)
{
	uint8_t data[64] = { (uint8_t)(preference >> 8), (uint8_t)preference };
	size_t n = 2, part;

	for (; *host != '\0'; host += part + (host[part] == '.')) {
		part = strcspn(host, ".");
		data[n++] = (uint8_t)part;
		memcpy(data + n, host, part);
		n += part;
	}
	record(0, owner, DNSMSG_MX, 60, NULL, data, n + 1);
}

static void
exchangers(void)
{
	char host[8];
	int i;

	begin(OK, "a.x", DNSMSG_MX);
	mx("a.x", 20, "us");
	mx("a.x", 10, "B.y");
	mx("a.x", 10, "a.y");
	ok(answer() == DNSMSG_DATA && m.n == 2 && m.preference == 10 &&
	    !m.null && !m.holds, "MX: those of the best preference");
	is(name_of(0), "a.y", "in a fixed order");
	is(name_of(1), "b.y", "in lower case");
	mx("a.x", 10, "US");
	ok(answer() == DNSMSG_DATA && m.holds, "this host among them");
	mx("a.x", 9, "c.y");
	ok(answer() == DNSMSG_DATA && !m.holds && m.n == 1, "a better one");
	for (i = 0; i < 20; i++) {
		snprintf(host, sizeof(host), "n%02d", i);
		mx("a.x", 5, host);
	}
	mx("a.x", 5, "us");
	ok(answer() == DNSMSG_DATA && m.n == DNSMSG_NAMES && m.holds,
	    "of more than are kept, all are compared");
	begin(OK, "a.x", DNSMSG_MX);
	mx("a.x", 0, "");
	ok(answer() == DNSMSG_DATA && m.null && m.n == 0,
	    "a null MX (RFC 7505 3)");
	mx("a.x", 10, "b.y");
	ok(answer() == DNSMSG_DATA && !m.null && m.n == 1,
	    "beside another it means nothing");
	begin(OK, "a.x", DNSMSG_MX);
	mx("a.x", 10, "b c.y");
	ok(answer() == DNSMSG_DATA && !m.null && m.n == 0,
	    "a host that has no text");
	begin(OK, "a.x", DNSMSG_MX);
	record(0, "a.x", DNSMSG_MX, 60, NULL, "\0\12", 2);
	num(answer(), DNSMSG_BAD, "no host at all");
	begin(OK, "a.x", DNSMSG_MX);
	record(0, "a.x", DNSMSG_MX, 60, NULL, "\0\12\1a\0x", 6);
	num(answer(), DNSMSG_BAD, "more than a host");
}

static void
parsed(void)
{
	static const char *const bad[] = { "", ".", "a..b", ".a", "a.", "a b",
	    "192.0.2.1", "7", "a\n.b", "a\\.b", "[192.0.2.1]", "a@b", "\303a" };
	struct dnsname n;
	char text[300];
	size_t i;

	ok(dnsname_parse(&n, "Mail_1.Example.ORG") == 0 &&
	    dnsname_text(&n, text) == 0, "a name from text");
	is(text, "mail_1.example.org", "in lower case");
	for (i = 0; i < ARRAY_LEN(bad); i++)
		ok(dnsname_parse(&n, bad[i]) == -1, "no name");
	memset(text, 'a', sizeof(text));
	text[63] = '\0';
	ok(dnsname_parse(&n, text) == 0, "a label of 63");
	text[63] = 'a';
	text[64] = '\0';
	ok(dnsname_parse(&n, text) == -1, "of 64");
	for (i = 1; i < 300; i += 2)
		text[i - 1] = 'a', text[i] = '.';
	text[253] = '\0';
	ok(dnsname_parse(&n, text) == 0, "a name of 253");
	text[253] = '.';
	text[255] = '\0';
	ok(dnsname_parse(&n, text) == -1, "of 255");
}

static void
aliases(void)
{
	char from[8], to[8];
	int i;

	begin(OK, REVERSE, DNSMSG_PTR);
	named("two", DNSMSG_PTR, 500, "a.x");
	named("one", CNAME, 20, "two");
	named(REVERSE, CNAME, 400, "one");
	num(answer(), DNSMSG_DATA, "aliases in any order");
	num(m.ttl, 20, "the least TTL of the chain");
	begin(AUTHORITY, REVERSE, DNSMSG_PTR);
	named(REVERSE, CNAME, 400, "one");
	num(answer(), DNSMSG_ALIAS, "an alias that leads out");
	ok(m.alias.len == 5 && memcmp(m.alias.wire, "\3one", 5) == 0,
	    "it says where");
	soa(100, 50);
	num(answer(), DNSMSG_NONE, "with a SOA: it leads nowhere");
	begin(OK, REVERSE, DNSMSG_PTR);
	named(REVERSE, CNAME, 1, REVERSE);
	num(answer(), DNSMSG_BAD, "an alias to itself");
	begin(OK, "n0", DNSMSG_A);
	for (i = 0; i < 20; i++) {
		snprintf(from, sizeof(from), "n%d", i);
		snprintf(to, sizeof(to), "n%d", i + 1);
		named(from, CNAME, 1, to);
	}
	num(answer(), DNSMSG_BAD, "too long a chain");
}

static void
nothing(void)
{
	begin(OK, REVERSE, DNSMSG_PTR);
	num(answer(), DNSMSG_NONE, "an empty answer");
	num(m.ttl, DNSMSG_NEGATIVE, "for a minute");
	soa(1000, 77);
	num(answer(), DNSMSG_NONE, "with a SOA");
	num(m.ttl, 77, "for its minimum");
	begin(OK | 3, REVERSE, DNSMSG_PTR);
	soa(33, 77);
	ok(answer() == DNSMSG_NONE && m.ttl == 33, "no such name: its TTL");
	begin(OK, REVERSE, DNSMSG_PTR);
	record(0, REVERSE, TXT, 5, NULL, "\1x", 2);
	num(answer(), DNSMSG_NONE, "other records");
	begin(BARE, REVERSE, DNSMSG_PTR);
	num(answer(), DNSMSG_BAD, "a server that neither knows nor asks");
	begin(OK, REVERSE, DNSMSG_PTR);
	record(1, "arpa", NS, 5, "ns.x", "", 0);
	num(answer(), DNSMSG_BAD, "a referral");
	begin(OK | 2, REVERSE, DNSMSG_PTR);
	num(answer(), DNSMSG_BAD, "a failure");
	begin(OK | 5, REVERSE, DNSMSG_PTR);
	num(answer(), DNSMSG_BAD, "a refusal");
}

static void
not_ours(void)
{
	begin(OK & 0x7fff, REVERSE, DNSMSG_PTR);
	num(answer(), DNSMSG_BAD, "a question");
	begin(OK | 0x200, REVERSE, DNSMSG_PTR);
	num(answer(), DNSMSG_BAD, "a cut answer");
	begin(OK | 0x800, REVERSE, DNSMSG_PTR);
	num(answer(), DNSMSG_BAD, "another kind of message");
	begin(OK, REVERSE, DNSMSG_PTR);
	asked.wire[1] = '2';
	num(answer(), DNSMSG_BAD, "an answer to another question");
	begin(OK, REVERSE, DNSMSG_PTR);
	type = DNSMSG_A;
	num(answer(), DNSMSG_BAD, "for another type");
	begin(OK, REVERSE, DNSMSG_PTR);
	msg[5] = 2;
	num(answer(), DNSMSG_BAD, "with two questions");
}

/* Compression: forwards, in circles, out of the message. */
static void
pointers(void)
{
	size_t at;

	begin(OK, REVERSE, DNSMSG_PTR);
	named(REVERSE, DNSMSG_PTR, 1, "");
	at = len - 1;
	msg[at - 1] = 2;	/* the record's length */
	msg[at] = 0xc0;
	msg[at + 1] = 12;
	len = at + 2;
	num(answer(), DNSMSG_DATA, "a name that points back");
	is(name_of(0), REVERSE, "is expanded");
	msg[at + 1] = (uint8_t)at;
	num(answer(), DNSMSG_BAD, "one that points at itself");
	msg[at] = 0xff;
	num(answer(), DNSMSG_BAD, "one that points out of the message");
	msg[at] = 0x80;
	num(answer(), DNSMSG_BAD, "a label of no known kind");
	begin(OK, REVERSE, DNSMSG_PTR);
	named(REVERSE, DNSMSG_PTR, 1, "a");
	len--;
	num(answer(), DNSMSG_BAD, "a cut record");
}

/* No byte, changed or missing, may make it read elsewhere or never end. */
static void
damage(void)
{
	size_t whole, i;
	unsigned seed = 1, tried = 0;

	begin(OK, REVERSE, DNSMSG_PTR);
	named(REVERSE, CNAME, 400, "one");
	named("one", DNSMSG_PTR, 300, "b.example.org");
	named("one", DNSMSG_PTR, 300, "c.example.org");
	soa(9, 9);
	whole = len;
	for (len = 0; len < whole; len++)
		if (answer() != DNSMSG_BAD)
			break;
	num(len, whole, "cut anywhere, it is no answer");
	for (i = 0; i < 200000; i++) {
		size_t at = (seed = seed * 1103515245u + 12345u) / 65536 %
		    whole;
		uint8_t was = msg[at];

		msg[at] = (uint8_t)(seed >> 8);
		tried += answer() <= DNSMSG_BAD;
		if (i % 3 != 0)
			msg[at] = was;
		if (i % 50 == 0) {
			begin(OK, REVERSE, DNSMSG_PTR);
			named(REVERSE, CNAME, 400, "one");
			named("one", DNSMSG_PTR, 300, "b.example.org");
			named("one", DNSMSG_PTR, 300, "c.example.org");
			soa(9, 9);
		}
	}
	num(tried, 200000, "200,000 damaged ones");
}

static void
reversed(void)
{
	struct netaddr six = { .family = 6,
	    .ip = { 0x20, 0x01, 0x0d, 0xb8, [15] = 0xa1 } };
	struct dnsname n;
	char text[DNSNAME_TEXT];

	dnsname_reverse(&n, &wanted);
	ok(dnsname_text(&n, text) == 0, "IPv4 has a reverse name");
	is(text, REVERSE, "with the bytes turned round");
	dnsname_reverse(&n, &six);
	ok(dnsname_text(&n, text) == 0, "and IPv6");
	is(text, "1.a.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0."
	    "8.b.d.0.1.0.0.2.ip6.arpa", "with its half bytes");
	ok(dnsname_host(&n, text) == 0, "which is a host's name by its form");
}

/* Every record as lookup hands it on. */
static void
raw(void)
{
	static const char one[] = "\3v=s\4pf1 \0\4-all";
	struct buf b;
	struct dnsmsg_raw r = { .b = &b };
	const struct dnsmsg_want all = { .raw = &r };

	buf_init(&b, 64);
	begin(0x8180, "a.test", DNSMSG_TXT);
	record(0, "a.test", DNSMSG_TXT, 300, NULL, one, 15);
	record(0, "a.test", DNSMSG_TXT, 300, NULL, "\5other", 6);
	record(0, "a.test", DNSMSG_TXT, 300, NULL, "\7v=spf10", 8);
	record(0, "a.test", DNSMSG_TXT, 300, NULL, "\6V=SPF1", 7);
	dnsmsg_read(msg, len, &asked, DNSMSG_TXT, &all, &m);
	num(m.outcome, DNSMSG_DATA, "texts");
	ok(b.len == 13 + 7 + 9 + 8 && memcmp(b.p, "\13\0v=spf1 -all", 13) ==
	    0, "the strings of each in one");
	buf_reset(&b);
	r.spf = true;
	dnsmsg_read(msg, len, &asked, DNSMSG_TXT, &all, &m);
	ok(b.len == 13 + 8 && memcmp(b.p + 13, "\6\0V=SPF1", 8) == 0,
	    "those of SPF alone (RFC 7208 4.5)");
	ok(!r.cut, "all of them");
	buf_free(&b);
	buf_init(&b, 20);
	dnsmsg_read(msg, len, &asked, DNSMSG_TXT, &all, &m);
	ok(b.len == 13 && r.cut, "what does not fit is left out, and told");
	buf_reset(&b);
	msg[len - 7] = 7;
	dnsmsg_read(msg, len, &asked, DNSMSG_TXT, &all, &m);
	num(m.outcome, DNSMSG_BAD, "a string beyond its record");
	buf_free(&b);
	buf_init(&b, 64);
	r.cut = false;
	begin(0x8180, "a.test", DNSMSG_MX);
	record(0, "a.test", DNSMSG_MX, 300, "", "", 0);
	msg[len - 3] = 0;
	dnsmsg_read(msg, len, &asked, DNSMSG_MX, &all, &m);
	num(m.outcome, DNSMSG_BAD, "an MX without a host");
	begin(0x8180, "a.test", DNSMSG_A);
	record(0, "a.test", DNSMSG_A, 300, NULL, "\12\0\0\1", 4);
	buf_reset(&b);
	dnsmsg_read(msg, len, &asked, DNSMSG_A, &all, &m);
	ok(b.len == 6 && memcmp(b.p, "\4\0\12\0\0\1", 6) == 0, "an address");
	begin(0x8180, "a.test", DNSMSG_PTR);
	named("a.test", DNSMSG_PTR, 300, "Host.test");
	buf_reset(&b);
	dnsmsg_read(msg, len, &asked, DNSMSG_PTR, &all, &m);
	ok(b.len == 11 && memcmp(b.p + 2, "host.test", 9) == 0, "a name");
	buf_free(&b);
}

int
main(void)
{
	raw();
	names();
	addresses();
	exchangers();
	parsed();
	aliases();
	nothing();
	not_ours();
	pointers();
	damage();
	reversed();
	return done();
}

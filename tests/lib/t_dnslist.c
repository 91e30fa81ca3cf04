/*
 * dnslist: elements of the setting, names to ask for, what answers count.
 */
#include "config.h"

#include <stdlib.h>
#include "lib/dnslist.h"
#include "tests/tap.h"

static const char *const bad[] = {
	"", "zone", "a b.test", "bl.test of", "bl.test of host",
	"bl.test weight", "bl.test weight 0", "bl.test weight 1001",
	"bl.test weight x", "bl.test deny", "bl.test answers 10.0.0.1",
	"bl.test answers 127.255.255.1", "bl.test answers 127.0.0.9-127.0.0.2",
	"bl.test answers 127.0.0.2-", "bl.test answers 127.0.0.2-10.0.0.1",
	"bl.test 127.0.0.2", "bl..test", "[127.0.0.1]", "bl.test answers "
	"127.0.0.1 127.0.0.2 127.0.0.3 127.0.0.4 127.0.0.5 127.0.0.6 "
	"127.0.0.7 127.0.0.8 127.0.0.9",
};

static struct dnslist
parse(const char *text)
{
	struct dnslist l;
	char why[200];

	if (dnslist_parse(text, &l, why, sizeof(why)) != 0) {
		ok(false, why);
		abort();
	}
	return l;
}

static void
elements(void)
{
	struct dnslist l = parse("bl.test");
	char why[200], what[300];

	is(l.zone, "bl.test", "a zone");
	ok(l.of == DNSLIST_CLIENT && !l.allow && l.weight == 1,
	    "and what it is without more words");
	ok(l.nanswers == 1 && l.answers[0].first == 0x7f000002 &&
	    l.answers[0].last == 0x7f0000fe, "127.0.0.2-127.0.0.254");
	l = parse("  wl.test  allow\tweight 12 of sender answers 127.0.0.5 "
	    "127.1.0.0-127.2.0.0");
	ok(l.allow && l.weight == 12 && l.of == DNSLIST_SENDER, "all words");
	ok(l.nanswers == 2 && l.answers[0].last == 0x7f000005 &&
	    l.answers[1].last == 0x7f020000, "and ranges");
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		why[0] = '\0';
		snprintf(what, sizeof(what), "not \"%.200s\"", bad[i]);
		ok(dnslist_parse(bad[i], &l, why, sizeof(why)) == -1 &&
		    why[0] != '\0', what);
	}
}

static void
questions(void)
{
	struct dnslist_subject s = { .name = "", .helo = "[192.0.2.1]",
	    .sender = "Example.org" };
	struct dnslist l = parse("bl.test");
	char name[RECORDS_NAME], sender[260];

	num(dnslist_name(&l, &s, name), -1, "a client without an address");
	num(net_parse("192.0.2.99", &s.client), 0, "IPv4");
	num(dnslist_name(&l, &s, name), 0, "has a name");
	is(name, "99.2.0.192.bl.test", "reversed");
	num(net_parse("2001:db8:1:2:3:4:567:89ab", &s.client), 0, "IPv6");
	num(dnslist_name(&l, &s, name), 0, "has a name");
	is(name, "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0."
	    "1.0.0.2.bl.test", "of nibbles (RFC 5782 2.4)");
	l = parse("bl.test of name");
	num(dnslist_name(&l, &s, name), -1, "no name of the client");
	l = parse("bl.test of helo");
	num(dnslist_name(&l, &s, name), -1, "an address in HELO");
	l = parse("bl.test of sender");
	num(dnslist_name(&l, &s, name), 0, "a domain");
	is(name, "Example.org.bl.test", "before the zone");
	memset(sender, 'a', sizeof(sender));
	for (size_t i = 10; i < 250; i += 10)
		sender[i] = '.';
	sender[250] = '\0';
	s.sender = sender;
	num(dnslist_name(&l, &s, name), -1, "one too long with the zone");
	s.sender = "";
	num(dnslist_name(&l, &s, name), -1, "the null sender");
}

static void
answers(void)
{
	static const uint8_t two[] = { 4, 0, 127, 0, 0, 2 };
	static const uint8_t odd[] = { 4, 0, 127, 0, 0, 1, 2, 0, 1, 2,
	    4, 0, 127, 0, 0, 9 };
	static struct records r;
	struct dnslist l[5] = { parse("bl.test weight 5"),
	    parse("bl.test weight 3 answers 127.0.0.9"),
	    parse("wl.test allow weight 4"), parse("no.test"),
	    parse("x.test of name") };
	struct dnslist_subject s = { .name = "", .helo = "", .sender = "" };
	struct dnslist_score score;
	int at[DNSLISTS_MOST];

	num(net_parse("192.0.2.1", &s.client), 0, "a client");
	records_begin(&r, 100);
	dnslist_ask(l, 5, &s, &r, at);
	num(r.n, 3, "each name once");
	ok(at[0] == 0 && at[1] == 0 && at[2] == 1 && at[3] == 2 &&
	    at[4] == -1, "whose is which");
	is(r.asked[0].name + r.asked[0].zone, "bl.test", "its zone");
	r.got[0] = (struct records_got){ RECORDS_FOUND, false, false,
	    sizeof(two), two };
	r.got[1] = (struct records_got){ .outcome = RECORDS_NONE };
	r.got[2] = (struct records_got){ .outcome = RECORDS_LATER };
	dnslist_count(l, 5, &r, at, &score);
	ok(score.score == 5 && score.listed == 1 && score.refuser == 0,
	    "one lists it");
	r.got[0] = (struct records_got){ RECORDS_FOUND, false, false,
	    sizeof(odd), odd };
	r.got[1] = (struct records_got){ RECORDS_FOUND, false, false,
	    sizeof(two), two };
	dnslist_count(l, 5, &r, at, &score);
	ok(score.score == 4 && score.listed == 7 && score.refuser == 0,
	    "the range of each element is its own; one allows");
	r.got[0].outcome = RECORDS_ERROR;
	r.got[2] = r.got[0];
	dnslist_count(l, 5, &r, at, &score);
	ok(score.score == -4 && score.listed == 4 && score.refuser == -1,
	    "an error says nothing, whatever is with it");
}

int
main(void)
{
	elements();
	questions();
	answers();
	return done();
}

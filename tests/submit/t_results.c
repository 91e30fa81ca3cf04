/*
 * results: the fields, whatever client and session say.
 */
#include "config.h"

#include <stdlib.h>
#include "lib/spfresult.h"
#include "submit/results.h"
#include "tests/tap.h"

static const char *const both[] = { "authentication-results",
    "received-spf" };
static const char *const lists[] = { "bl.test weight 2",
    "wl.test allow weight 5", "two.test" };

static struct settings set;
static struct sub_envelope e;

static void
check(const char *sender, const char *want, const char *what)
{
	struct results x = { .set = &set, .env = &e, .sender = sender };
	struct buf b;

	if (net_parse("2001:db8::1", &x.client) != 0)
		abort();
	buf_init(&b, 8192);
	num(results_add(&b, &x), 0, "it fits");
	is(buf_str(&b), want, what);
	buf_free(&b);
}

static void
marks(void)
{
	set.dnslists = (struct strings){ .at = lists, .n = 3 };
	set.dnslist_mark = 3;
	e.spf = e.spf_helo = SPF_UNASKED;
	e.listed = 1;
	check("a@x.test", "", "2 is less than 3");
	e.listed = 5;
	check("a@x.test", "X-DNS-Lists: score=3;\n\tbl.test;\n\ttwo.test\n",
	    "3 is not");
	e.listed = 7;
	check("a@x.test", "Authentication-Results: mx.test;\n"
	    "\tdnswl=pass dns.zone=wl.test\n", "one that allows");
	e.listed = UINT32_MAX - 7;
	check("a@x.test", "", "bits of no list");
	set.dnslist_mark = 0;
	e.listed = 5;
	check("a@x.test", "", "0: never");
}

int
main(void)
{
	struct results x = { .set = &set, .env = &e, .sender = "a@x.test",
	    .crlf = true };
	struct buf b;

	set.hostname = "mx.test";
	set.authserv_id = "";
	set.results = (struct strings){ .at = both, .n = 1 };
	set.spf = CHECK_SPF_BOTH;
	e.helo = "h.test";
	check("a@x.test", "", "nothing was asked");
	e.spf = SPF_PASS;
	check("a@x.test", "Authentication-Results: mx.test;\n"
	    "\tspf=pass smtp.mailfrom=x.test\n", "the sender");
	e.spf_helo = SPF_SOFTFAIL;
	check("\"a;b@c\"@x.test", "Authentication-Results: mx.test;\n"
	    "\tspf=pass smtp.mailfrom=x.test;\n"
	    "\tspf=softfail smtp.helo=h.test\n", "and HELO");
	check("", "Authentication-Results: mx.test;\n"
	    "\tspf=pass smtp.helo=h.test\n", "the null sender: once");
	set.authserv_id = "id.test";
	e.helo = "x; evil=yes";
	check("", "Authentication-Results: id.test;\n\tspf=pass\n",
	    "a name that is none is not said");
	set.spf = CHECK_SPF_SENDER;
	check("a@x.test", "Authentication-Results: id.test;\n"
	    "\tspf=pass smtp.mailfrom=x.test\n",
	    "what the settings do not ask is not believed");
	set.spf = CHECK_SPF_OFF;
	check("a@x.test", "", "nor anything where it is off");
	set.spf = CHECK_SPF_SENDER;
	set.results.at = both + 1;
	e.helo = "h\"\\.test";
	check("\"a\\\"b\"@x.test", "Received-SPF: pass receiver=mx.test; "
	    "identity=mailfrom;\n\tclient-ip=\"2001:db8::1\"; "
	    "helo=\"h\\\"\\\\.test\";\n"
	    "\tenvelope-from=\"\\\"a\\\\\\\"b\\\"@x.test\";\n",
	    "Received-SPF, quoted");
	set.results.at = both;
	set.authserv_id = "";
	buf_init(&b, 100);
	num(results_add(&b, &x), 0, "in a binary message");
	is(buf_str(&b), "Authentication-Results: mx.test;\r\n"
	    "\tspf=pass smtp.mailfrom=x.test\r\n", "lines end in CRLF");
	buf_free(&b);
	buf_init(&b, 20);
	num(results_add(&b, &x), -1, "no room");
	buf_free(&b);
	marks();
	return done();
}

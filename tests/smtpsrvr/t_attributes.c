/* attributes: what is taken of XCLIENT and XFORWARD (Postfix), and what not. */
#include "config.h"

#include "smtpsrvr/attributes.h"
#include "tests/tap.h"

static struct attributes x;
static char wrong[32];

static bool
good(const char *text, enum attributes_of of)
{
	return attributes_parse(text, of, &x, wrong) == 0;
}

static bool
bad(const char *text, const char *what)
{
	return attributes_parse(text, ATTRIBUTES_XCLIENT, &x, wrong) == -1 &&
	    strcmp(wrong, what) == 0;
}

static bool
is_at(const struct netaddr *a, const char *text, int port)
{
	char shown[NET_TEXT];

	return strcmp(net_text(a, shown), text) == 0 && a->port == port;
}

int
main(void)
{
	char line[1200];

	ok(good("NAME=a.example ADDR=192.0.2.7 PORT=4711 PROTO=ESMTP "
	    "HELO=h.example LOGIN=ann@example.org DESTADDR=198.51.100.1 "
	    "DESTPORT=25", ATTRIBUTES_XCLIENT), "all of them");
	ok(is_at(&x.client, "192.0.2.7", 4711) &&
	    is_at(&x.server, "198.51.100.1", 25), "both ends");
	is(x.text[ATTRIBUTE_NAME], "a.example", "a name");
	is(x.text[ATTRIBUTE_LOGIN], "ann@example.org", "a login");
	ok(good("PORT=1 ADDR=IPV6:2001:db8::7", ATTRIBUTES_XCLIENT) &&
	    is_at(&x.client, "2001:db8::7", 1), "IPv6, the port before it");
	ok(good("addr=ipv6:::1", ATTRIBUTES_XCLIENT) &&
	    is_at(&x.client, "::1", 0), "any case");
	ok(good("ADDR=2001:db8::7", ATTRIBUTES_XCLIENT), "without prefix");
	ok(good("ADDR=IPV6:::ffff:192.0.2.7", ATTRIBUTES_XCLIENT) &&
	    is_at(&x.client, "192.0.2.7", 0), "IPv4 in IPv6");
	ok(good("ADDR=[UNAVAILABLE] NAME=[TEMPUNAVAIL] PORT=[unavailable] "
	    "PROTO=[UNAVAILABLE]", ATTRIBUTES_XCLIENT) &&
	    x.client.family == 0 && x.given[ATTRIBUTE_ADDR] &&
	    x.given[ATTRIBUTE_NAME] && x.text[ATTRIBUTE_NAME][0] == '\0',
	    "what there is none of");
	ok(good("", ATTRIBUTES_XCLIENT) && !x.given[ATTRIBUTE_ADDR],
	    "nothing at all");
	ok(good("  NAME=a   HELO=b ", ATTRIBUTES_XCLIENT), "more blanks");
	ok(good("HELO=a+20b+3Dc+2B", ATTRIBUTES_XCLIENT), "xtext");
	is(x.text[ATTRIBUTE_HELO], "a b=c+", "is decoded");

	ok(bad("NAME", "NAME") && bad("NAME=", "NAME") &&
	    bad("=x", "") && bad("WHAT=x", "WHAT"), "no attribute");
	ok(bad("NAME=a NAME=b", "NAME") && bad("PORT=1 port=1", "port"),
	    "one twice");
	ok(bad("NAME=a+0Ab", "NAME") && bad("NAME=a+zzb", "NAME") &&
	    bad("NAME=a=b", "NAME") && bad("NAME=a+", "NAME") &&
	    bad("HELO=+00", "HELO"), "what xtext cannot be");
	ok(bad("ADDR=192.0.2", "ADDR") && bad("ADDR=a.example", "ADDR") &&
	    bad("ADDR=IPV6:192.0.2.7", "ADDR") && bad("ADDR=IPV6:", "ADDR") &&
	    bad("DESTADDR=x", "DESTADDR"), "addresses that are none");
	ok(bad("PORT=65536", "PORT") && bad("PORT=-1", "PORT") &&
	    bad("DESTPORT=smtp", "DESTPORT"), "ports that are none");
	ok(bad("PROTO=HTTP", "PROTO"), "a protocol that is none");
	ok(bad("LOGIN=a+20b", "LOGIN"), "a login with a blank");
	ok(bad("IDENT=x", "IDENT") && bad("SOURCE=LOCAL", "SOURCE"),
	    "XFORWARD's");
	ok(good("IDENT=1A2B SOURCE=remote ADDR=192.0.2.7",
	    ATTRIBUTES_XFORWARD), "are XFORWARD's");
	ok(!good("LOGIN=x", ATTRIBUTES_XFORWARD) &&
	    !good("SOURCE=x", ATTRIBUTES_XFORWARD), "which has no others");

	memset(line, 'x', sizeof(line));
	memcpy(line, "NAME=", 5);
	line[5 + 255] = '\0';
	ok(good(line, ATTRIBUTES_XCLIENT), "255 characters");
	line[5 + 255] = 'x';
	line[5 + 256] = '\0';
	ok(bad(line, "NAME"), "and no more");
	line[5 + 256] = 'x';
	line[1100] = '\0';
	ok(bad(line, "NAME"), "far from it");
	line[4] = 'x';
	line[900] = '=';
	ok(attributes_parse(line, ATTRIBUTES_XCLIENT, &x, wrong) == -1 &&
	    strlen(wrong) == 31, "of a long name the beginning is told");
	ok(attributes_begin("A=b") && !attributes_begin("A b=c") &&
	    !attributes_begin(""), "what may be attributes");
	return done();
}

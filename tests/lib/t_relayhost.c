/*
 * t_relayhost - elements of relay-hosts, good and bad.
 */
#include "config.h"

#include "lib/relayhost.h"
#include "tests/tap.h"

static void
good(const char *text, enum relayhost_kind kind, const char *name, int port)
{
	struct relayhost r;

	num(relayhost_parse(text, &r), 0, text);
	num(r.kind, kind, "its kind");
	is(r.name, name, "its name");
	num(r.port, port, "its port");
	num(r.address.family != 0, kind == RELAYHOST_ADDRESS, "an address");
}

static void
bad(const char *text)
{
	struct relayhost r;

	num(relayhost_parse(text, &r), -1, text);
}

int
main(void)
{
	good("mx:", RELAYHOST_MX, "", 0);
	good("mx:Example.org", RELAYHOST_MX, "example.org", 0);
	good("mx:example.org:26", RELAYHOST_MX, "example.org", 26);
	good("mail.example.org", RELAYHOST_NAME, "mail.example.org", 0);
	good("localhost:24", RELAYHOST_NAME, "localhost", 24);
	good("192.0.2.1", RELAYHOST_ADDRESS, "192.0.2.1", 0);
	good("192.0.2.1:65535", RELAYHOST_ADDRESS, "192.0.2.1", 65535);
	good("[192.0.2.1]", RELAYHOST_ADDRESS, "192.0.2.1", 0);
	good("[192.0.2.1]:587", RELAYHOST_ADDRESS, "192.0.2.1", 587);
	good("2001:db8::1", RELAYHOST_ADDRESS, "2001:db8::1", 0);
	good("[2001:db8::1]:25", RELAYHOST_ADDRESS, "2001:db8::1", 25);
	good("[IPv6:2001:db8::1]", RELAYHOST_ADDRESS, "2001:db8::1", 0);
	good("unix:/run/lmtp", RELAYHOST_UNIX, "/run/lmtp", 0);
	bad("");
	bad(":25");
	bad("mx:192.0.2.1");
	bad("mx:a b");
	bad("mail.example.org:");
	bad("mail.example.org:0");
	bad("mail.example.org:65536");
	bad("mail.example.org:25x");
	bad("mail_1.example.org");
	bad("192.0.2.256");
	bad("192.0.2");
	bad("[192.0.2.1");
	bad("[192.0.2.1]25");
	bad("[mail.example.org]");
	bad("[]");
	bad("unix:");
	bad("unix:lmtp");
	bad("unix:/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
	return done();
}

/* networks: what is one, and who is in a list. */
#include "config.h"

#include "lib/networks.h"
#include "tests/tap.h"

static bool
in(const struct strings *l, const char *text)
{
	struct netaddr a = { .family = 0 };

	if (text[0] != '\0' && net_parse(text, &a) != 0)
		return false;
	a.port = 4711;
	return networks_hold(l, &a);
}

int
main(void)
{
	static const char *const at[] = { "192.0.2.7", "198.51.100.0/25",
	    "2001:db8::/32", "no network" };
	const struct strings l = { ARRAY_LEN(at), at }, none = { 0, NULL };
	struct netaddr a;
	int bits;

	ok(networks_parse("192.0.2.7", &a, &bits) == 0 && bits == 32,
	    "an address is all its bits");
	ok(networks_parse("::/0", &a, &bits) == 0 && bits == 0, "a prefix");
	num(networks_parse("192.0.2.7/24", &a, &bits), -1,
	    "bits behind the prefix");
	num(networks_parse("example.org", &a, &bits), -1, "a name is none");
	ok(in(&l, "192.0.2.7"), "by address, whatever the port");
	ok(!in(&l, "192.0.2.8"), "and no other");
	ok(in(&l, "198.51.100.127") && !in(&l, "198.51.100.128"),
	    "to the last bit of a prefix");
	ok(in(&l, "2001:db8:1::1") && !in(&l, "2001:db9::1"), "of IPv6");
	ok(in(&l, "::ffff:192.0.2.7"), "an IPv4 address in IPv6 is itself");
	ok(!in(&l, ""), "who has no address is in none");
	ok(!in(&none, "192.0.2.7"), "an empty list has nobody");
	return done();
}

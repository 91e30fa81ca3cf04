/* How often logins may fail, and what it costs. */
#include "config.h"

#include <stdlib.h>

#include "authsrvr/guard.h"
#include "lib/counts.h"
#include "tests/tap.h"

static struct netaddr
at(const char *text)
{
	struct netaddr a = { 0 };

	if (net_parse(text, &a) != 0)
		exit(1);
	return a;
}

static void
set(struct conf *c, const char *name, const char *const *texts, size_t n)
{
	char why[256];

	if (conf_set(&c->server, name, texts, n, (struct origin){ "test", 1 },
	    why, sizeof(why)) != 0) {
		printf("# %s\n", why);
		exit(1);
	}
}

static struct guard *
guard(const char *const *limits, size_t n)
{
	static const char *const spared[] = { "192.0.2.250" };
	static const char *const delay[] = { "100ms" };
	struct conf *c = conf_new();

	set(c, "auth-failures", limits, n);
	set(c, "reserved-peers", spared, 1);
	set(c, "auth-delay", delay, 1);
	return guard_new(c, -1);
}

static bool
bars(struct guard *g, const char *address, const char *login)
{
	struct netaddr a = at(address);
	const char *what;

	return guard_bars(g, &a, login, &what);
}

static int64_t
fails(struct guard *g, const char *address, const char *login, int times)
{
	struct netaddr a = at(address);
	int64_t delay = 0;

	for (int i = 0; i < times; i++)
		delay = guard_failed(g, &a, login);
	return delay;
}

static void
places(void)
{
	static const char *const limits[] = { "address 3/10m",
	    "prefix 5/10m" };
	struct guard *g = guard(limits, 2);

	ok(!bars(g, "192.0.2.1", NULL), "nothing has failed");
	fails(g, "192.0.2.1", "anna", 2);
	ok(!bars(g, "192.0.2.1", NULL), "two of three");
	fails(g, "192.0.2.1", "otto", 1);
	ok(bars(g, "192.0.2.1", NULL) && bars(g, "192.0.2.1", "emil"),
	    "three: the address is barred, whoever it is");
	ok(!bars(g, "192.0.2.2", NULL), "its neighbour is not");
	fails(g, "192.0.2.2", "anna", 2);
	ok(bars(g, "192.0.2.3", NULL), "five: the whole prefix is");
	ok(!bars(g, "192.0.3.3", "anna"), "but no other, nor the login");
	fails(g, "192.0.2.250", "anna", 9);
	ok(!bars(g, "192.0.2.250", "anna"), "reserved peers never are");
	fails(g, "2001:db8::1", "anna", 3);
	fails(g, "2001:db8::2", "anna", 2);
	ok(bars(g, "2001:db8::ffff:1", NULL), "a prefix of IPv6");
	ok(!bars(g, "2001:db8:1::1", NULL), "and another one");
}

static void
logins(void)
{
	static const char *const limits[] = { "login 4/10m",
	    "login-prefix 3/10m" };
	struct netaddr a = at("192.0.2.1");
	struct guard *g = guard(limits, 2);

	fails(g, "192.0.2.1", "anna", 3);
	ok(bars(g, "192.0.2.1", "anna") && bars(g, "192.0.2.9", "ANNA"),
	    "a login from one prefix");
	ok(!bars(g, "192.0.2.1", "otto") && !bars(g, "192.0.2.1", NULL),
	    "no other login");
	ok(!bars(g, "198.51.100.1", "anna"), "nor from elsewhere");
	guard_succeeded(g, &a, "anna");
	ok(!bars(g, "192.0.2.1", "anna"), "a success forgets");
	fails(g, "192.0.3.1", "anna", 1);
	ok(!bars(g, "192.0.4.1", "anna"), "who has not failed may try");
	fails(g, "192.0.4.1", "anna", 1);
	ok(bars(g, "192.0.4.1", "anna"), "but once, where many have failed");
	ok(!bars(g, "192.0.5.1", "anna"), "its owner still gets in");
}

static void
delays(void)
{
	static const char *const limits[] = { "address 1000/10m" };
	struct guard *g = guard(limits, 1);

	num(fails(g, "192.0.2.1", "", 1), 100, "the first failure");
	num(fails(g, "192.0.2.1", "", 1), 200, "the second");
	num(fails(g, "192.0.2.1", "", 1), 400, "the third");
	num(fails(g, "192.0.2.1", "", 9), 1600, "and no more than that");
	num(fails(g, "192.0.2.2", "", 1), 100, "others wait for their own");
	g = guard(limits, 0);
	num(fails(g, "192.0.2.1", "anna", 50), 100, "without limits");
	ok(!bars(g, "192.0.2.1", "anna"), "nobody is barred");
}

/* A session of this machine has no address. */
static void
nowhere(void)
{
	static const char *const limits[] = { "address 1/10m", "prefix 1/10m",
	    "login-prefix 2/10m" };
	struct guard *g = guard(limits, 3);
	struct netaddr none = { 0 };
	const char *what;

	guard_failed(g, &none, "anna");
	ok(!guard_bars(g, &none, "otto", &what), "bars nobody else");
	guard_failed(g, &none, "anna");
	ok(guard_bars(g, &none, "anna", &what), "but the login there");
	is(what, "login-prefix", "by that limit");
}

/* Who comes after it goes on with its counts, whatever else it may be. */
static void
successors(void)
{
	static const char *const limit[] = { "address 2/10m" };
	static const char *const other[] = { "address 3/10m" };
	struct conf *a = conf_new(), *b = conf_new();
	struct guard *first, *second;
	int to_write, to_read;

	set(a, "auth-failures", limit, 1);
	set(b, "auth-failures", other, 1);
	ok(counts_make("test", 1024, &to_write, &to_read) == 0, "a table");
	first = guard_new(a, to_write);
	fails(first, "192.0.2.1", "anna", 2);
	second = guard_new(a, to_write);
	ok(bars(second, "192.0.2.1", "anna"), "what failed before it, counts");
	fails(second, "192.0.2.2", "anna", 2);
	ok(bars(first, "192.0.2.2", "anna"), "for the one that is leaving too");
	second = guard_new(b, to_write);
	ok(!bars(second, "192.0.2.1", "anna"), "another maximum, another word");
	fails(second, "192.0.2.1", "anna", 1);
	ok(bars(second, "192.0.2.1", "anna"), "but the same counts");
}

int
main(void)
{
	successors();
	places();
	logins();
	delays();
	nowhere();
	return done();
}

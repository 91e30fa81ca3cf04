/*
 * t_tb_cidr - sets of prefixes: by hand, and against the plain definition
 * (the longest prefix that holds the address) on many drawn ones.
 */
#include "config.h"

#include "tests/tables/fixture.h"

static struct tb *
opened(struct conf *c, const char *text, char *why_r, size_t size)
{
	static int n;
	char title[32];
	struct section *s;
	struct buf why;
	struct tb *t;

	(void)snprintf(title, sizeof(title), "t%d", ++n);
	s = conf_file_table(c, title, "cidr", scratch_file("cidr", text));
	buf_init(&why, size);
	t = tb_open(c, s, &why);
	(void)snprintf(why_r, size, "%s", buf_str(&why));
	buf_free(&why);
	return t;
}

static void
test_hand(struct conf *c)
{
	char why[512];
	int line = 0;
	struct netaddr a;
	struct tb *t = opened(c,
	    "10.0.0.0/8 ten\n10.1.0.0/16: one\n10.1.1.0/24\n10.1.1.1 host\n"
	    "255.255.255.255 last\n255.255.255.0/24 end\n"
	    "2001:db8::/32 doc\n2001:db8::1 one6\nffff::/16 end6\n"
	    "10.0.0.0/8 ten\n", why, sizeof(why));

	if (t == NULL)
		errx(1, "%s", why);
	is(found_address(t, "9.255.255.255"), "(none)", "before");
	is(found_address(t, "10.0.0.0"), "ten", "first");
	is(found_address(t, "10.255.255.255"), "ten", "last");
	is(found_address(t, "11.0.0.0"), "(none)", "behind");
	is(found_address(t, "10.1.0.0"), "one", "nested");
	is(found_address(t, "10.1.1.0"), "", "nested without a value");
	is(found_address(t, "10.1.1.1"), "host", "an address");
	is(found_address(t, "10.1.1.2"), "", "behind the address");
	is(found_address(t, "10.1.2.0"), "one", "behind the nested");
	is(found_address(t, "10.2.0.0"), "ten", "behind both");
	is(found_address(t, "255.255.255.254"), "end", "at the end");
	is(found_address(t, "255.255.255.255"), "last", "the very end");
	is(found_address(t, "2001:db8::"), "doc", "IPv6");
	is(found_address(t, "2001:db8::1"), "one6", "IPv6 address");
	is(found_address(t, "2001:db8::2"), "doc", "IPv6 behind it");
	is(found_address(t, "2001:db9::"), "(none)", "IPv6 behind all");
	is(found_address(t, "ffff:ffff::1"), "end6", "IPv6 at the end");
	is(found(t, "10.1.1.1"), "host", "by text");
	is(found(t, "example.org"), "(none)", "no address");
	num(tb_holds(t), TB_ADDRESSES, "it holds addresses");
	num(net_parse("10.1.2.3", &a), 0, "an address");
	num(tb_find_address(t, &a, NULL, &line), TB_FOUND, "is found");
	num(line, 2, "at that line");
	tb_close(t);
}

static void
test_negated(struct conf *c)
{
	char why[512];
	struct tb *t = opened(c, "10.0.0.0/8 ten\n!10.1.0.0/16\n"
	    "10.1.1.0/24 one\n!10.1.1.7\n!::/0\n", why, sizeof(why));

	if (t == NULL)
		errx(1, "%s", why);
	is(found_address(t, "10.0.0.1"), "ten", "not negated");
	is(found_address(t, "10.1.0.1"), "(negated)", "a negated prefix");
	is(found_address(t, "10.1.1.1"), "one", "more specific");
	is(found_address(t, "10.1.1.7"), "(negated)", "an address in it");
	is(found_address(t, "10.1.2.0"), "(negated)", "behind it");
	is(found_address(t, "10.2.0.0"), "ten", "behind both");
	is(found_address(t, "::1"), "(negated)", "all of IPv6");
	is(found(t, "10.1.1.7"), "(negated)", "by text");
	is(found_name(t, "[10.1.1.7]"), "(negated)", "as a literal");
	tb_close(t);
	ok(opened(c, "10.0.0.0/8\n!10.0.0.0/8\n", why, sizeof(why)) == NULL,
	    "both");
	ok(strstr(why, "cidr:2: \"!10.0.0.0/8\" is the opposite of line 1")
	    != NULL, why);
}

static void
test_bad(struct conf *c)
{
	char why[512];
	struct tb *t = opened(c, "", why, sizeof(why));

	is(found_address(t, "10.0.0.0"), "(none)", "an empty set");
	tb_close(t);
	t = opened(c, "0.0.0.0/0 x\n::/0 y\n", why, sizeof(why));
	is(found_address(t, "255.255.255.255"), "x", "all of IPv4");
	is(found_address(t, "::"), "y", "all of IPv6");
	tb_close(t);
	ok(opened(c, "10.0.0.0/8 a\n11.0.0.0/8\n10.0.0.0/8 b\n", why,
	    sizeof(why)) == NULL, "one prefix, two values");
	ok(strstr(why, "cidr:3: \"10.0.0.0/8\" has another value at line 1")
	    != NULL, why);
	ok(opened(c, "10.0.0.0/8\nexample.org\n", why, sizeof(why)) == NULL,
	    "a name");
	ok(strstr(why, "cidr:2: neither address nor prefix: \"example.org\"")
	    != NULL, why);
}

#define DRAWN 3000

static uint32_t
draw(void)
{
	static uint32_t x = 2463534242u;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return x;
}

struct drawn {
	struct netaddr a;
	int bits;
};

/* A quarter of them, the same prefix always alike. */
static bool
negated(const struct drawn *d)
{
	return (d->a.ip[0] + d->a.ip[3] + d->bits) % 4 == 0;
}

/* Few high bits, so that prefixes nest deeply. */
static struct netaddr
draw_address(int family)
{
	struct netaddr a;
	int i;

	memset(&a, 0, sizeof(a));
	a.family = (uint8_t)family;
	for (i = 0; i < (family == 4 ? 4 : 16); i++)
		a.ip[i] = (uint8_t)(draw() % 3 == 0 ? draw() :
		    (draw() & 1) * 255);
	return a;
}

/* The index of the longest, or -1; of the same twice the first. */
static int
longest(const struct drawn *d, const struct netaddr *a)
{
	int best = -1, i;

	for (i = 0; i < DRAWN; i++) {
		struct netaddr p;

		if (d[i].a.family != a->family ||
		    (best != -1 && d[i].bits <= d[best].bits))
			continue;
		p = net_prefix(a, d[i].bits);
		if (memcmp(p.ip, d[i].a.ip, 16) == 0)
			best = i;
	}
	return best;
}

static void
test_drawn(struct conf *c)
{
	static struct drawn d[DRAWN];
	char why[512], name[NET_TEXT], *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);
	struct tb *t;
	int i, bad = 0;

	for (i = 0; i < DRAWN; i++) {
		int family = draw() & 1 ? 4 : 6;

		d[i].bits = (int)(draw() % (family == 4 ? 33 : 129));
		d[i].a = draw_address(family);
		d[i].a = net_prefix(&d[i].a, d[i].bits);
		net_text(&d[i].a, name);
		if (negated(&d[i]))
			(void)fprintf(f, "!%s/%d\n", name, d[i].bits);
		else
			(void)fprintf(f, "%s/%d: %s-%d\n", name, d[i].bits,
			    name, d[i].bits);
	}
	(void)fclose(f);
	t = opened(c, text, why, sizeof(why));
	if (t == NULL)
		errx(1, "%s", why);
	for (i = 0; i < 20000; i++) {
		struct netaddr a = draw_address(draw() & 1 ? 4 : 6);
		char want[128] = "(none)";
		int best = longest(d, &a);

		if (best != -1 && negated(&d[best]))
			(void)snprintf(want, sizeof(want), "(negated)");
		else if (best != -1)
			(void)snprintf(want, sizeof(want), "%s-%d",
			    net_text(&d[best].a, name), d[best].bits);
		if (strcmp(found_address(t, net_text(&a, name)), want) != 0)
			bad++;
	}
	num(bad, 0, "20,000 addresses in 3,000 prefixes");
	tb_close(t);
	free(text);
}

int
main(void)
{
	static const char *const names[] = { "cidr" };
	struct conf *c = conf_new();

	scratch_make();
	test_hand(c);
	test_negated(c);
	test_bad(c);
	test_drawn(c);
	conf_free(c);
	scratch_remove(names, ARRAY_LEN(names));
	return done();
}

/*
 * cache: found, replaced, forgotten in time and in order of use.
 */
#include "config.h"

#include "tables/cache.h"
#include "tests/tap.h"

/* A cache lives as long as its program: these are still known at the end. */
static struct cache *made[8];

static struct cache *
make(uint32_t size)
{
	static size_t n;

	return made[n++] = cache_new(size);
}

static struct netaddr
host(unsigned n)
{
	struct netaddr a = { .family = 4, .port = 25,
	    .ip = { 10, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n } };

	return a;
}

static void
put(struct cache *c, unsigned n, int64_t now, int64_t until, const char *name)
{
	struct netaddr a = host(n);
	struct ask_answer r = { .outcome = ASK_FOUND };

	snprintf(r.name, sizeof(r.name), "%s", name);
	cache_put(c, &(struct cache_key){ ASK_NAME, a, "" }, now, until, &r);
}

static bool
knows(struct cache *c, unsigned n, int64_t now, const char *name)
{
	struct netaddr a = host(n);
	struct ask_answer r = { .id = 7 };

	a.port = 12345;
	return cache_find(c, &(struct cache_key){ ASK_NAME, a, "" }, now, &r) &&
	    r.cached == 1 && r.id == 7 &&
	    r.outcome == ASK_FOUND && strcmp(r.name, name) == 0;
}

static void
times(void)
{
	struct cache *c = make(10);

	ok(!knows(c, 1, 0, "a"), "an empty one knows nothing");
	put(c, 1, 100, 200, "a");
	ok(knows(c, 1, 100, "a"), "remembered");
	ok(knows(c, 1, 199, "a"), "until its time");
	ok(!knows(c, 1, 200, "a"), "and no longer");
	put(c, 1, 300, 400, "b");
	put(c, 1, 310, 500, "c");
	ok(knows(c, 1, 450, "c"), "a newer answer replaces the old one");
	put(c, 1, 460, 460, "d");
	ok(!knows(c, 1, 461, "c"), "one without time forgets the address");
	put(c, 2, 500, 400, "e");
	ok(!knows(c, 2, 300, "e"), "a time that is past is not kept");
}

static void
families(void)
{
	struct cache *c = make(10);
	struct cache_key six = { ASK_NAME, host(1), "" };
	struct ask_answer r = { 0 };

	put(c, 1, 0, 100, "four");
	six.address.family = 6;
	ok(!cache_find(c, &six, 0, &r), "the same bytes in IPv6 are another");
	r.outcome = ASK_NONE;
	cache_put(c, &six, 0, 100, &r);
	r.outcome = ASK_LATER;
	ok(cache_find(c, &six, 0, &r) && r.outcome == ASK_NONE,
	    "outcomes are kept");
	ok(knows(c, 1, 0, "four"), "each its own");
}

static void
questions(void)
{
	struct cache *c = make(10);
	struct cache_key k = { ASK_MAIL, { 0 }, "a.example" };
	struct ask_answer r = { .outcome = ASK_HOST_NULL, .differs = 1 };

	cache_put(c, &k, 0, 100, &r);
	memset(&r, 0x55, sizeof(r));
	ok(cache_find(c, &k, 0, &r) && r.outcome == ASK_HOST_NULL &&
	    r.differs == 1 && r.name[0] == '\0', "what was asked by name");
	k.name = "b.example";
	ok(!cache_find(c, &k, 0, &r), "another name is not known");
	k.name = "a.example";
	k.kind = ASK_AWAY;
	ok(!cache_find(c, &k, 0, &r), "nor another question");
	k.kind = ASK_MAIL;
	k.address = host(1);
	ok(!cache_find(c, &k, 0, &r), "nor one with an address");
	k.address.family = 0;
	ok(!knows(c, 0, 0, "a.example"), "nor is it any address's name");
}

static void
order_of_use(void)
{
	struct cache *c = make(3);

	put(c, 1, 0, 100, "1");
	put(c, 2, 0, 100, "2");
	put(c, 3, 0, 100, "3");
	ok(knows(c, 1, 0, "1"), "full");
	put(c, 4, 0, 100, "4");
	ok(!knows(c, 2, 0, "2"), "the longest unused makes room");
	ok(knows(c, 1, 0, "1") && knows(c, 3, 0, "3") && knows(c, 4, 0, "4"),
	    "the others stay");
	put(c, 3, 10, 10, "");
	put(c, 5, 10, 100, "5");
	ok(knows(c, 1, 10, "1") && knows(c, 4, 10, "4") && knows(c, 5, 10, "5"),
	    "a forgotten one's place is used first");
}

static void
many(void)
{
	struct cache *c = make(1000);
	unsigned i, right = 0, old = 0;
	char name[16];

	for (i = 0; i < 20000; i++) {
		snprintf(name, sizeof(name), "n%u", i);
		put(c, i, i, i % 7 == 0 ? i + 1 : 1000000, name);
		if (i % 3 == 0)
			put(c, i / 2, i, i, "");
	}
	for (i = 0; i < 20000; i++) {
		snprintf(name, sizeof(name), "n%u", i);
		if (knows(c, i, 20000, name)) {
			right++;
			old += i < 18000;
		}
	}
	ok(right > 500 && right <= 1000, "20,000 through 1,000 places");
	num(old, 0, "the newest are those that are left");
	c = make(0);
	put(c, 1, 0, 100, "a");
	ok(!knows(c, 1, 0, "a"), "a cache of no size");
	c = make(1);
	put(c, 1, 0, 100, "a");
	put(c, 2, 0, 100, "b");
	ok(!knows(c, 1, 0, "a") && knows(c, 2, 0, "b"), "a cache of one");
}

/* Records, which take memory: no more than there may be. */
static void
data(void)
{
	static uint8_t big[900];
	struct cache *c = make(4);
	struct cache_key k = { .kind = 65, .name = "a.test" };
	struct cache_data d = { .outcome = 0, .cut = true, .len = 3,
	    .p = (const uint8_t *)"abc" }, got;
	char name[16];
	int n = 0;

	cache_put_data(c, &k, 0, 100, &d);
	ok(cache_find_data(c, &k, 99, &got), "records");
	ok(got.cut && got.len == 3 && memcmp(got.p, "abc", 3) == 0,
	    "as they were put");
	d.len = 0;
	d.outcome = 1;
	d.cut = false;
	cache_put_data(c, &k, 0, 100, &d);
	ok(cache_find_data(c, &k, 99, &got) && got.len == 0 &&
	    got.outcome == 1 && !got.cut, "replaced by none");
	ok(!cache_find_data(c, &k, 100, &got), "forgotten in time");
	d.len = sizeof(big);
	d.p = big;
	for (int i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), "%d.test", i);
		k.name = name;
		cache_put_data(c, &k, 0, 100, &d);
	}
	for (int i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), "%d.test", i);
		n += cache_find_data(c, &k, 1, &got);
	}
	num(n, 2, "two of 900 bytes in 4 times 512");
	ok(cache_find_data(c, &k, 1, &got), "the newest among them");
}

int
main(void)
{
	data();
	times();
	families();
	questions();
	order_of_use();
	many();
	return done();
}

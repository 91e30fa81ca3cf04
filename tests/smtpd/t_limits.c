/* limits: exact counts, whatever comes and goes. */
#include "config.h"

#include <stdlib.h>

#include "smtpd/limits.h"
#include "tests/tap.h"

static struct netaddr
v4(unsigned a, unsigned b, unsigned c, unsigned d)
{
	struct netaddr n = { .family = 4 };

	n.ip[0] = (uint8_t)a;
	n.ip[1] = (uint8_t)b;
	n.ip[2] = (uint8_t)c;
	n.ip[3] = (uint8_t)d;
	return n;
}

static struct plan plan = { .prefix4 = 24, .prefix6 = 64, .max_share = 100,
	.sections = {
	    { .most = 6, .per_address = 2, .per_prefix = 3 },
	    [PLAN_LISTENER(1)] = { .name = "one", .most = 1 },
	    [PLAN_CHANNEL(0)] = { .name = "lan", .most = 2, .per_address = 1 },
	    [PLAN_CHANNEL(1)] = { .name = "mx", .per_prefix = 2 } } };

static struct limit_subject
subject(struct netaddr a, int listener)
{
	a.port = (uint16_t)(rand() & 0xffff);
	return (struct limit_subject){ .peer = a,
	    .listener = (int16_t)listener, .channel = -1,
	    .reserved = limits_reserved(&plan, &a) };
}

static struct limit_hit h;

static const char *
enter(struct limits *l, struct netaddr a, int listener)
{
	struct limit_subject s = subject(a, listener);

	if (limits_ask(l, &plan, &s, &h) != 0)
		return h.limit;
	limits_enter(l, &s);
	return "in";
}

static void
leave(struct limits *l, struct netaddr a, int listener)
{
	struct limit_subject s = subject(a, listener);

	limits_leave(l, &s);
}

static void
each_limit(void)
{
	struct limits l;

	limits_init(&l, 100);
	limits_clear(&l, &plan);
	is(enter(&l, v4(10, 0, 0, 1), 0), "in", "the first");
	is(enter(&l, v4(10, 0, 0, 1), 0), "in", "the second of an address");
	is(enter(&l, v4(10, 0, 0, 1), 0), "max-connections-per-address",
	    "the third of an address");
	is(h.key, "10.0.0.1", "which one");
	ok(h.value == 2 && h.most == 2, "how many it has, and may");
	is(enter(&l, v4(10, 0, 0, 2), 0), "in", "another of the prefix");
	is(enter(&l, v4(10, 0, 0, 3), 0), "max-connections-per-prefix",
	    "the fourth of the prefix");
	is(h.key, "10.0.0.0/24", "which one");
	is(enter(&l, v4(10, 0, 1, 3), 1), "in", "another prefix");
	is(enter(&l, v4(10, 0, 2, 3), 1), "max-connections",
	    "one too many for the listener");
	is(h.section, "one", "which one");
	is(enter(&l, v4(10, 0, 2, 3), 0), "in", "the fifth");
	is(enter(&l, v4(10, 0, 3, 3), 0), "in", "the sixth");
	is(enter(&l, v4(10, 0, 4, 3), 0), "max-connections", "the seventh");
	is(h.section, "", "of all");
	leave(&l, v4(10, 0, 0, 1), 0);
	is(enter(&l, v4(10, 0, 0, 3), 0), "in",
	    "one that leaves makes room in its prefix");
	num(l.section[0], 6, "the total is right");
}

/* Each address of a /64 is the same network's: a client has all of them. */
static void
prefixes_of_six(void)
{
	struct netaddr a, other;
	struct limits l;

	limits_init(&l, 100);
	limits_clear(&l, &plan);
	ok(net_parse("2001:db8::1", &a) == 0 &&
	    net_parse("2001:db8:0:1::1", &other) == 0, "two networks");
	for (int i = 0; i < 3; i++) {
		a.ip[8 + i] = 1;
		is(enter(&l, a, 0), "in", "an address of the /64");
	}
	a.ip[12] = 1;
	is(enter(&l, a, 0), "max-connections-per-prefix", "the fourth");
	is(h.key, "2001:db8::/64", "which one");
	is(enter(&l, other, 0), "in", "of the next /64");
}

static const char *
into(struct limits *l, struct netaddr a, int channel)
{
	struct limit_subject s = subject(a, 0);

	limits_enter(l, &s);
	s.channel = (int16_t)channel;
	if (limits_ask_channel(l, &plan, &s, &h) != 0) {
		s.channel = -1;
		limits_leave(l, &s);
		return h.limit;
	}
	limits_enter_channel(l, &s);
	return "in";
}

static void
out(struct limits *l, struct netaddr a, int channel)
{
	struct limit_subject s = subject(a, 0);

	s.channel = (int16_t)channel;
	limits_leave(l, &s);
}

static void
channels(void)
{
	struct limits l;

	limits_init(&l, 100);
	limits_clear(&l, &plan);
	is(into(&l, v4(10, 0, 0, 1), 0), "in", "the first of a channel");
	is(into(&l, v4(10, 0, 0, 1), 0), "max-connections-per-address",
	    "the second of an address there");
	is(h.section, "lan", "which channel");
	is(into(&l, v4(10, 0, 0, 1), 1), "in", "the same in another channel");
	is(into(&l, v4(10, 0, 0, 2), 0), "in", "the second of the channel");
	is(into(&l, v4(10, 0, 1, 1), 0), "max-connections", "the third");
	is(into(&l, v4(10, 0, 0, 9), 1), "in", "the second of a prefix");
	is(into(&l, v4(10, 0, 0, 8), 1), "max-connections-per-prefix",
	    "the third of it");
	is(into(&l, v4(10, 0, 7, 8), 1), "in", "one of another prefix");
	out(&l, v4(10, 0, 0, 1), 0);
	is(into(&l, v4(10, 0, 0, 1), 0), "in", "who leaves makes room");
	out(&l, v4(10, 0, 0, 1), 0);
	out(&l, v4(10, 0, 0, 2), 0);
	out(&l, v4(10, 0, 0, 1), 1);
	out(&l, v4(10, 0, 0, 9), 1);
	out(&l, v4(10, 0, 7, 8), 1);
	ok(l.section[0] == 0 && l.section[PLAN_CHANNEL(0)] == 0 &&
	    l.section[PLAN_CHANNEL(1)] == 0 && l.others == 0,
	    "nobody is left");
}

/* Six in all, two of them for 10.1.0.0/16; a prefix may have half. */
static void
shares(void)
{
	struct limits l;

	limits_init(&l, 100);
	limits_clear(&l, &plan);
	plan.reserved = 2;
	plan.nreserved = 1;
	plan.reserved_peers[0] = (struct plan_prefix){ v4(10, 1, 0, 0), 16 };
	plan.sections[0].per_address = plan.sections[0].per_prefix = 0;
	for (unsigned i = 1; i <= 4; i++)
		is(enter(&l, v4(10, 0, i, 1), 0), "in", "four of others");
	is(enter(&l, v4(10, 0, 9, 1), 0), "reserved-connections",
	    "the rest is reserved");
	ok(h.value == 4 && h.most == 4, "how many others there are");
	is(enter(&l, v4(10, 1, 9, 1), 0), "in", "a reserved peer");
	is(enter(&l, v4(10, 1, 9, 1), 0), "in", "and another");
	is(enter(&l, v4(10, 1, 9, 1), 0), "max-connections",
	    "all is too many for them, too");
	leave(&l, v4(10, 0, 1, 1), 0);
	is(enter(&l, v4(10, 1, 9, 1), 0), "in",
	    "they may have more than what is reserved");
	leave(&l, v4(10, 1, 9, 1), 0);
	plan.reserved = 0;
	plan.max_share = 34;
	is(enter(&l, v4(10, 0, 2, 2), 0), "in", "a third of six is two");
	limits_clear(&l, &plan);
	is(enter(&l, v4(10, 0, 2, 2), 0), "in", "a third of six is two");
	is(enter(&l, v4(10, 0, 2, 3), 0), "in", "which is this one");
	is(enter(&l, v4(10, 0, 2, 4), 0), "max-prefix-share",
	    "and no third");
	is(h.key, "10.0.2.0/24", "of that prefix");
	for (unsigned i = 0; i < 4; i++)
		is(enter(&l, v4(10, 1, 2, i), 0), "in",
		    "reserved peers have more");
	limits_clear(&l, &plan);
	plan.max_share = 1;
	is(enter(&l, v4(10, 0, 2, 2), 0), "in", "one at least");
	plan.max_share = 100;
	plan.nreserved = 0;
}

/* Random comings and goings against plain counting. */
static void
at_random(void)
{
	enum { N = 300, ROUNDS = 20000 };
	struct limits l;
	struct netaddr in[N];
	int n = 0, wrong = 0;
	uint32_t nodes = 0;

	plan.sections[0] = (struct plan_section){ .most = N, .per_address = 5,
	    .per_prefix = 12 };
	limits_init(&l, N);
	limits_clear(&l, &plan);
	for (int i = 0; i < ROUNDS; i++) {
		struct netaddr a = v4(10, 0, (unsigned)rand() % 40,
		    (unsigned)rand() % 8);
		int same = 0, near = 0;

		if (n > 0 && rand() % 100 < 45) {
			int k = rand() % n;

			out(&l, in[k], k % 2);
			in[k] = in[--n];
			if (k < n && k % 2 != n % 2) {
				/* It was counted by its place. */
				out(&l, in[k], n % 2);
				(void)into(&l, in[k], k % 2);
			}
			continue;
		}
		for (int k = 0; k < n; k++) {
			same += memcmp(in[k].ip, a.ip, 4) == 0;
			near += memcmp(in[k].ip, a.ip, 3) == 0;
		}
		if (strcmp(enter(&l, a, 0), "in") == 0) {
			struct limit_subject s = subject(a, 0);

			s.channel = (int16_t)(n % 2);
			limits_enter_channel(&l, &s);
			wrong += n >= N || same >= 5 || near >= 12;
			in[n++] = a;
		} else {
			wrong += n < N && same < 5 && near < 12;
		}
	}
	num(wrong, 0, "20,000 comings and goings are judged right");
	while (n > 0) {
		n--;
		out(&l, in[n], n % 2);
	}
	num(l.section[0], 0, "nobody is left");
	for (uint32_t i = l.free; i != 0; i = l.node[i].next)
		nodes++;
	num(nodes, LIMIT_NODES * N, "no counter is lost");
}

int
main(void)
{
	each_limit();
	prefixes_of_six();
	channels();
	shares();
	plan.sections[PLAN_CHANNEL(0)] = plan.sections[PLAN_CHANNEL(1)] =
	    (struct plan_section){ .name = "free" };
	at_random();
	return done();
}

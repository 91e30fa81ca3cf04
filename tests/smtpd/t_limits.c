/* limits: exact counts, whatever comes and goes. */
#include "config.h"

#include <stdlib.h>

#include "smtpd/limits.h"
#include "tests/tap.h"

static struct netaddr
v4(unsigned a, unsigned b, unsigned c, unsigned d)
{
	struct netaddr n = { .family = 4, .port = 1025 };

	n.ip[0] = (uint8_t)a;
	n.ip[1] = (uint8_t)b;
	n.ip[2] = (uint8_t)c;
	n.ip[3] = (uint8_t)d;
	return n;
}

static struct plan plan = { .max_connections = 6, .max_per_address = 2,
	.max_per_prefix = 3, .prefix4 = 24, .prefix6 = 64 };
static struct plan_socket via[2] = { { .listener = 0, .most = 0 },
	{ .listener = 1, .most = 1 } };

static const char *
enter(struct limits *l, struct netaddr a, int listener)
{
	static struct limit_hit h;

	a.port = (uint16_t)(rand() & 0xffff);
	return limits_enter(l, &plan, &via[listener], &a, &h) == 0 ? "in" :
	    h.limit;
}

static void
leave(struct limits *l, struct netaddr a, int listener)
{
	limits_leave(l, listener, &a, limits_prefix_bits(&plan, &a));
}

static void
each_limit(void)
{
	struct limits l;

	limits_init(&l, 100);
	is(enter(&l, v4(10, 0, 0, 1), 0), "in", "the first");
	is(enter(&l, v4(10, 0, 0, 1), 0), "in", "the second of an address");
	is(enter(&l, v4(10, 0, 0, 1), 0), "max-connections-per-address",
	    "the third of an address");
	is(enter(&l, v4(10, 0, 0, 2), 0), "in", "another of the prefix");
	is(enter(&l, v4(10, 0, 0, 3), 0), "max-connections-per-prefix",
	    "the fourth of the prefix");
	is(enter(&l, v4(10, 0, 1, 3), 1), "in", "another prefix");
	is(enter(&l, v4(10, 0, 2, 3), 1), "listener-max-connections",
	    "one too many for the listener");
	is(enter(&l, v4(10, 0, 2, 3), 0), "in", "the fifth");
	is(enter(&l, v4(10, 0, 3, 3), 0), "in", "the sixth");
	is(enter(&l, v4(10, 0, 4, 3), 0), "max-connections", "the seventh");
	leave(&l, v4(10, 0, 0, 1), 0);
	is(enter(&l, v4(10, 0, 0, 3), 0), "in",
	    "one that leaves makes room in its prefix");
	num(l.total, 6, "the total is right");
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

	plan.max_connections = N;
	plan.max_per_address = 5;
	plan.max_per_prefix = 12;
	limits_init(&l, N);
	for (int i = 0; i < ROUNDS; i++) {
		struct netaddr a = v4(10, 0, (unsigned)rand() % 40,
		    (unsigned)rand() % 8);
		int same = 0, near = 0;

		if (n > 0 && rand() % 100 < 45) {
			int k = rand() % n;

			leave(&l, in[k], 0);
			in[k] = in[--n];
			continue;
		}
		for (int k = 0; k < n; k++) {
			same += memcmp(in[k].ip, a.ip, 4) == 0;
			near += memcmp(in[k].ip, a.ip, 3) == 0;
		}
		if (strcmp(enter(&l, a, 0), "in") == 0) {
			wrong += n >= N || same >= 5 || near >= 12;
			in[n++] = a;
		} else {
			wrong += n < N && same < 5 && near < 12;
		}
	}
	num(wrong, 0, "20,000 comings and goings are judged right");
	while (n > 0)
		leave(&l, in[--n], 0);
	num(l.total, 0, "nobody is left");
	for (uint32_t i = l.free; i != 0; i = l.node[i].next)
		nodes++;
	num(nodes, 2 * N, "no counter is lost");
}

int
main(void)
{
	each_limit();
	at_random();
	return done();
}

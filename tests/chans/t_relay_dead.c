/*
 * t_relay_dead - servers that are left alone, and for how long.
 */
#include "config.h"

#include "chans/relay_dead.h"
#include "tests/tap.h"

static struct relay_dead d;
static struct chan_answer why, got;

static struct relay_place
place(uint16_t port)
{
	return (struct relay_place){ .address = { .family = 4, .port = port,
	    .ip = { 192, 0, 2, 1 } } };
}

int
main(void)
{
	struct relay_place a = place(25), b = place(26), c;
	unsigned i;

	chanproto_fill(&why, CHAN_LATER, "4.4.1", "down");
	ok(!relay_dead_is(&d, &a, 0, &got), "nobody is dead");
	relay_dead_mark(&d, &a, 1000, 100, 350, &why);
	ok(relay_dead_is(&d, &a, 1099, &got), "for the first time");
	is(got.text, "down", "and why");
	ok(!relay_dead_is(&d, &b, 1050, &got), "another port is another");
	ok(!relay_dead_is(&d, &a, 1100, &got), "then it is tried");
	relay_dead_mark(&d, &a, 1100, 100, 350, &why);
	ok(relay_dead_is(&d, &a, 1299, &got), "twice as long");
	ok(!relay_dead_is(&d, &a, 1300, &got), "and no longer");
	relay_dead_mark(&d, &a, 1300, 100, 350, &why);
	ok(!relay_dead_is(&d, &a, 1650, &got), "never longer than the most");
	relay_dead_clear(&d, &a);
	relay_dead_clear(&d, &b);
	relay_dead_mark(&d, &a, 2000, 100, 350, &why);
	ok(!relay_dead_is(&d, &a, 2100, &got), "it was reached: anew");
	for (i = 0; i < RELAY_DEAD_MOST; i++) {
		c = place((uint16_t)(100 + i));
		relay_dead_mark(&d, &c, 3000 + i, 1000, 1000, &why);
	}
	ok(!relay_dead_is(&d, &a, 2050, &got), "the first one is forgotten");
	c = place(100 + RELAY_DEAD_MOST - 1);
	ok(relay_dead_is(&d, &c, 3100, &got), "the last one is not");
	c = (struct relay_place){ .path = "/run/a" };
	relay_dead_mark(&d, &c, 5000, 1000, 1000, &why);
	ok(relay_dead_is(&d, &c, 5001, &got), "a socket, too");
	c = (struct relay_place){ .path = "/run/b" };
	ok(!relay_dead_is(&d, &c, 5001, &got), "but not another");
	return done();
}

/*
 * t_strain - when stress begins and ends, and what the kernel's files say.
 */
#include "config.h"

#include <err.h>

#include "lib/clock.h"
#include "submit/strain.h"
#include "tests/tap.h"

static const struct settings set = { .max_connections = 10,
	.stress_sessions = 80, .stress_memory = 40, .stress_disk = 0 };

static bool
on(bool was, int64_t slots, int64_t memory)
{
	const struct stress s = { .on = was, .slots = slots, .cpu = 100,
		.memory = memory, .io = 100 };

	return strain_is_on(&set, &s);
}

static void
edges(void)
{
	ok(!on(false, 79, 39), "less than each: not yet");
	ok(on(false, 80, 0), "sessions alone are enough");
	ok(on(false, 0, 40), "and so is memory");
	ok(on(true, 60, 0), "three quarters: still");
	ok(on(true, 0, 30), "of each");
	ok(!on(true, 59, 29), "less than that of both: over");
	ok(!on(false, 0, 0), "0 is no limit: processor and disk are at 100");
	ok(!on(false, 0, -1), "what is not known counts for nothing");
}

static void
files(void)
{
	num(strain_percent("some avg10=12.34 avg60=1.00 avg300=0.10 "
	    "total=1\nfull avg10=1.00"), 12, "some");
	num(strain_percent("some avg10=0.00 avg60=0.00"), 0, "none");
	num(strain_percent("some avg10=100.00 avg60=0.00"), 100, "all");
	num(strain_percent("some avg10=101.00"), -1, "more than all");
	num(strain_percent("some avg10=99999999999999999999.0"), -1,
	    "far more");
	num(strain_percent("some avg10="), -1, "nothing");
	num(strain_percent("full avg10=1.00"), -1, "another line");
	num(strain_percent(""), -1, "no line");
}

static void
looks(void)
{
	static struct row rows[16];
	struct stress seen;
	struct strain s;
	struct counts *c;
	int w, r;

	if (counts_make("t_strain", COUNTS_LEAST, &w, &r) != 0)
		errx(1, "no table");
	c = counts_open(w, true);
	ok(!stress_seen(c, clock_ms(), &seen) && !seen.on, "not looked yet");
	strain_init(&s, &set, rows, 16, c);
	for (int i = 0; i < 8; i++)
		rows[2 * i].serial = 1;
	strain_look(&s);
	ok(stress_seen(c, clock_ms(), &seen), "looked");
	ok(seen.on, "8 of 10 sessions: on");
	num(seen.slots, 80, "percent of sessions");
	ok(!stress_seen(c, clock_ms() + STRESS_STALE_MS + 1000, &seen) &&
	    !seen.on, "an old look says nothing");
	rows[0].serial = rows[2].serial = rows[4].serial = 0;
	strain_look(&s);
	ok(stress_seen(c, clock_ms(), &seen) && seen.on,
	    "not more often than once a second");
	s.looked -= 2000;
	strain_look(&s);
	ok(stress_seen(c, clock_ms(), &seen) && (!seen.on || seen.memory >= 30),
	    "5 of 10: off");
	ok(!stress_seen(NULL, clock_ms(), &seen) && !seen.on, "no table");
}

int
main(void)
{
	edges();
	files();
	looks();
	return done();
}

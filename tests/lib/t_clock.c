/*
 * t_clock - deadlines as poll(2) wants them.
 */
#include "config.h"

#include <limits.h>
#include "lib/clock.h"
#include "tests/tap.h"

int
main(void)
{
	int64_t now = clock_ms(), wall = clock_wall_us() / 1000000;
	int left;

	ok(now > 0 && clock_ms() >= now, "monotonic");
	ok(clock_us() / 1000 - now < 10000, "microseconds of the same clock");
	ok(wall - time(NULL) >= -2 && wall <= time(NULL), "the wall clock");
	num(clock_left(CLOCK_NEVER), -1, "never");
	num(clock_left(now - 1), 0, "past");
	num(clock_left(0), 0, "long past");
	num(clock_left(INT64_MIN), 0, "before all time");
	left = clock_left(clock_ms() + 100000);
	ok(left > 90000 && left <= 100000, "what is left");
	num(clock_left(CLOCK_NEVER - 1), INT_MAX, "no longer than poll takes");
	return done();
}

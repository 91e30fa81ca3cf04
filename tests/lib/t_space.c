/*
 * t_space - free space less what is in flight, told in shared memory.
 */
#include "config.h"

#include <string.h>

#include "lib/space.h"
#include "tests/tap.h"

static void
told(void)
{
	struct space s = { .bytes = 1000000, .inodes = 50,
		.flight_bytes = 300, .flight_messages = 2 }, got;
	struct counts *w, *r;
	int wfd, rfd;

	if (counts_make("test", COUNTS_LEAST, &wfd, &rfd) != 0) {
		skip("no /proc");
		return;
	}
	w = counts_open(wfd, true);
	r = counts_open(rfd, false);
	ok(w != NULL && r != NULL, "a table");
	ok(!space_seen(NULL, 5, &got), "none says nothing");
	ok(!space_seen(r, 5, &got), "nor one where nobody wrote it");
	space_show(w, &s, 7000);
	ok(space_seen(r, 7000, &got), "what was written just now is seen");
	ok(memcmp(&got, &s, sizeof(s)) == 0, "as it was written");
	ok(space_seen(r, 7000 + SPACE_STALE_MS, &got), "for some time");
	ok(!space_seen(r, 7001 + SPACE_STALE_MS, &got), "but not for ever");
}

static void
bytes(void)
{
	struct space s = { .bytes = 100000 + SPACE_EACH, .inodes = -1 };
	struct space_lack lack;

	ok(space_fits(&s, 0, 100000, 0, &lack), "just enough");
	ok(space_fits(&s, -1, 100000, 0, &lack), "for what has no size, too");
	ok(!space_fits(&s, 1, 100000, 0, &lack), "a byte more is too much");
	is(lack.setting, "min-free-space", "it says which");
	num(lack.value, 99999, "what would be left");
	num(lack.least, 100000, "and what must be");
	s.flight_bytes = 1;
	ok(!space_fits(&s, 0, 100000, 0, &lack), "what is in flight counts");
	ok(space_fits(&s, 1LL << 40, 0, 0, &lack), "no minimum: no limit");
	ok(!space_fits(&s, INT64_MAX, 1, 0, &lack), "whatever size they claim");
	s.bytes = -1;
	ok(!space_fits(&s, 0, 1, 0, &lack), "unknown is too little");
	ok(space_fits(&s, 0, 0, 0, &lack), "unless nobody wants to know");
}

static void
inodes(void)
{
	struct space s = { .bytes = 1 << 30, .inodes = 12 };
	struct space_lack lack;

	ok(space_fits(&s, 0, 1, 11, &lack), "enough inodes");
	ok(!space_fits(&s, 0, 1, 12, &lack), "one too few");
	is(lack.setting, "min-free-inodes", "it says which");
	num(lack.value, 11, "what would be left");
	s.flight_messages = 1;
	ok(!space_fits(&s, 0, 1, 11, &lack), "those in flight count");
	s.inodes = -1;
	ok(space_fits(&s, 0, 1, 1000000, &lack),
	    "a file system without a number of them never lacks them");
}

int
main(void)
{
	told();
	bytes();
	inodes();
	return done();
}

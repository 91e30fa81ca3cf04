/* A session's name. */
#include "config.h"

#include "lib/sid.h"
#include "tests/tap.h"

int
main(void)
{
	char text[SID];

	is(sid_text(0, text), "0", "of nothing");
	is(sid_text(31, text), "z", "a digit");
	is(sid_text(32, text), "10", "two");
	is(sid_text(UINT64_MAX, text), "fzzzzzzzzzzzz", "the last one fits");
	return done();
}

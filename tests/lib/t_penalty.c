/* penalty: elements of penalty-points as people write them. */
#include "config.h"

#include "lib/penalty.h"
#include "tests/tap.h"

static void
bad(const char *text, const char *word)
{
	char why[300] = "";
	enum penalty what;
	int32_t points;

	ok(penalty_parse(text, &what, &points, why, sizeof(why)) == -1 &&
	    strstr(why, word) != NULL, text);
}

int
main(void)
{
	char why[300];
	enum penalty what;
	int32_t points;

	ok(penalty_parse("crash 50", &what, &points, why, sizeof(why)) == 0 &&
	    what == PENALTY_CRASH && points == 50, "crash 50");
	ok(penalty_parse("failure  0", &what, &points, why,
	    sizeof(why)) == 0 && what == PENALTY_FAILURE && points == 0,
	    "failure  0");
	ok(penalty_parse("garbage 1000000", &what, &points, why,
	    sizeof(why)) == 0 && what == PENALTY_GARBAGE &&
	    points == 1000000, "garbage 1000000");
	bad("", "\"\"");
	bad("crash", "\"crash\"");
	bad("crash x", "a number");
	bad("crash 1000001", "a number");
	bad("crash -1", "a number");
	bad("crahs 1", "did you mean crash?");
	bad("weather 1", "\"weather\"");
	return done();
}

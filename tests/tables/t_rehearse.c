/*
 * t_rehearse - names of checks, as settings and the table spell them.
 */
#include "config.h"

#include "tables/rehearse.h"
#include "tests/tap.h"

static bool
has(const char *word, const char *check)
{
	struct settings set = { .rehearse = { .n = 1, .at = &word } };

	return rehearse_has(&set, check);
}

int
main(void)
{
	static const struct settings none;

	ok(!rehearse_has(&none, "helo_own"), "nothing");
	ok(has("helo-own", "helo_own"), "with a hyphen");
	ok(has("helo_own", "helo_own"), "with an underscore");
	ok(!has("helo-own", "helo_owner"), "no more than that");
	ok(!has("helo-owner", "helo_own"), "and no less");
	ok(!has("helo own", "helo_own"), "nothing else is a hyphen");
	ok(!has("", "helo_own"), "an empty word");
	ok(has("all", "helo_own"), "all");
	return done();
}

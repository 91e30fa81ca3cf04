/*
 * t_wrapwatch - files that set variables, change, come and go.
 */
#include "config.h"

#include "tables/wraprules.h"
#include "tables/wrapwatch.h"
#include "tests/tables/fixture.h"

int
main(void)
{
	static const char *const made[] = { "allow", "deny" };
	struct conf *c = conf_new();
	struct wrapwatch w = { NULL, { { false } } };

	scratch_make();
	put(&c->server, "hosts-allow", scratch_path("allow"));
	put(&c->server, "hosts-deny", scratch_path("deny"));
	ok(!wrapwatch_sets(&w), "nobody asks");
	wrapwatch_init(&w, c);
	ok(!wrapwatch_sets(&w), "no files");
	scratch_file("allow", "ALL: ALL: spawn true\n");
	ok(!wrapwatch_sets(&w), "a rule");
	if (!wraprules_heeded()) {
		skip("built without libwrap");
	} else {
		scratch_file("allow", "ALL: ALL: SetEnv RELAYCLIENT\n");
		ok(wrapwatch_sets(&w), "one that sets");
		scratch_file("allow", "");
		ok(!wrapwatch_sets(&w), "and is gone again");
		scratch_file("deny", "ALL: ALL: allow: setenv X y\n");
		ok(wrapwatch_sets(&w), "in the other");
		(void)unlink(scratch_path("deny"));
		ok(!wrapwatch_sets(&w), "and that is gone");
		if (mkdir(scratch_path("deny"), 0700) == 0)
			ok(wrapwatch_sets(&w), "one that cannot be read");
		(void)rmdir(scratch_path("deny"));
	}
	conf_free(c);
	scratch_remove(made, ARRAY_LEN(made));
	return done();
}

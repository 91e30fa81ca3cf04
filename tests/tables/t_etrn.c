/* etrn (RFC 1985 5): which domains may start, alone and with what is below. */
#include "config.h"

#include "tables/etrn.h"
#include "tests/tables/fixture.h"

static struct site site;

static bool
may(const char *node)
{
	struct reply r = { .code = 0 };
	int result = etrn_permits(&site, "domains", node, &r);

	if (result != 0 && (r.code != 459 ||
	    strcmp(r.reason, "etrn") != 0))
		ok(false, "a refusal says so");
	return result == 0;
}

int
main(void)
{
	static const char *const rows[] = { "example.org", ".sub.example",
		"!no.sub.example", "@all.example", "all.example" };
	struct conf *c = conf_new();
	const struct origin at = { "test", 1 };
	static const char *const list[] = { "list" };
	struct section *s;
	struct reply r;
	struct buf why;
	char text[300];

	(void)scratch;
	buf_init(&why, 4096);
	if (conf_add(c, TABLE, "domains", at, &s, text, sizeof(text)) != 0 ||
	    conf_set(s, "type", list, 1, at, text, sizeof(text)) != 0 ||
	    conf_set(s, "rows", rows, ARRAY_LEN(rows), at, text,
	    sizeof(text)) != 0 || site_open(&site, c, &why) != 0)
		return 1;
	/* Only tables that are named are open. */
	num(etrn_permits(&site, "", "example.org", &r), -1, "no table");
	num(r.code, 459, "is no permission");
	num(etrn_permits(&site, "other", "example.org", &r), -1,
	    "a table that is not");
	site_close(&site);
	if (conf_add(c, CHANNEL, "x", at, &s, text, sizeof(text)) != 0 ||
	    conf_set(s, "etrn", (const char *const[]){ "domains" }, 1, at,
	    text, sizeof(text)) != 0 || site_open(&site, c, &why) != 0)
		return 1;
	ok(may("example.org"), "a domain");
	ok(!may("a.example.org") && !may("org"), "not those around it");
	ok(!may("@example.org"), "nor what is below it");
	ok(may("a.sub.example") && may("a.b.sub.example"), "each below one");
	ok(!may("sub.example") && !may("no.sub.example"),
	    "not itself, nor what is left out");
	ok(!may("@sub.example") && !may("@a.sub.example"), "one by one");
	ok(may("@all.example") && may("all.example"), "all at once");
	ok(!may("a.all.example"), "if that is asked for");
	site_close(&site);
	conf_free(c);
	buf_free(&why);
	return done();
}

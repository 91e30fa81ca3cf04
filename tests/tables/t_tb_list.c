/*
 * t_tb_list - tables whose rows stand in the configuration.
 */
#include "config.h"

#include "tests/tables/fixture.h"

static const char *
refused(struct conf *c, const char *title, const char *row)
{
	static char text[512];
	struct section *s = conf_section(c, TABLE, title);
	struct buf why;

	put(s, "type", "list");
	put(s, "rows", "good", row);
	buf_init(&why, sizeof(text));
	ok(tb_open(c, s, &why) == NULL, "no table");
	(void)snprintf(text, sizeof(text), "%s", buf_str(&why));
	buf_free(&why);
	return text;
}

int
main(void)
{
	struct conf *c = conf_new();
	struct section *s = conf_section(c, TABLE, "list");
	struct buf why;
	struct tb *t;
	int line = 0;

	put(s, "type", "list");
	put(s, "rows", "Host.example: v", "192.0.2.0/24", "::1", "bare",
	    "!192.0.2.8");
	buf_init(&why, 1000);
	t = tb_open(c, s, &why);
	if (t == NULL)
		errx(1, "%s", buf_str(&why));
	is(tb_path(t), "", "it has no file");
	is(found(t, "host.example"), "v", "a row with a value");
	is(found(t, "bare"), "", "a row without");
	is(found(t, "other"), "(none)", "no row");
	is(found_address(t, "192.0.2.200"), "", "a prefix");
	is(found_address(t, "::1"), "", "an address");
	num(tb_find(t, "bare", NULL, &line), TB_FOUND, "the line");
	num(line, 99, "is the setting's");
	num(tb_holds(t), TB_ADDRESSES | TB_NAMES | TB_NEGATIONS,
	    "it holds all sorts");

	is(found_address(t, "192.0.2.8"), "(negated)", "a negated row");
	is(refused(c, "one", "10.0.0.1/8"), "test.conf:99: row \"10.0.0.1/8\": "
	    "bad address or prefix \"10.0.0.1/8\" (table \"one\")", "reason");
	is(refused(c, "two", "# x"),
	    "test.conf:99: row \"# x\": no key (table \"two\")", "reason");
	tb_close(t);
	buf_free(&why);
	conf_free(c);
	return done();
}

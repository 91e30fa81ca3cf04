/*
 * t_tb_glob - tables of shell patterns: the first match, its row, mistakes.
 */
#include "config.h"

#include "tests/tables/fixture.h"

static struct conf *conf;
static struct section *section;
static char why_text[1024];

static struct tb *
opened(const char *text)
{
	struct buf why;
	struct tb *t;

	(void)scratch_file("g", text);
	buf_init(&why, sizeof(why_text) - 1);
	t = tb_open(conf, section, &why);
	(void)snprintf(why_text, sizeof(why_text), "%s", buf_str(&why));
	buf_free(&why);
	return t;
}

static int
walked(void *arg, const char *key, size_t klen, const char *value, size_t vlen,
    int line)
{
	struct buf *b = arg;

	return buf_addf(b, "%d %.*s=%.*s;", line, (int)klen, key, (int)vlen,
	    value);
}

static void
test_find(void)
{
	struct tb *t = opened("# names that are no names\n"
	    "\n"
	    "!good.dsl.example.org\n"
	    "*.DSL.*   no dynamic   hosts  # really\n"
	    "localhost*\n"
	    "192.0.2.* lan\n"
	    "*@example.org a\\ \\ b\n"
	    "\\[*\\] literal\n");
	struct buf rows;
	int line = 0;

	if (t == NULL)
		errx(1, "%s", why_text);
	is(found_name(t, "Good.DSL.example.org"), "(negated)",
	    "the first wins");
	is(found_name(t, "bad.dsl.example.org"), "no dynamic hosts",
	    "in any case; a value");
	is(found_name(t, "localhost.localdomain"), "", "without a value");
	is(found_name(t, "a.localhost"), "(none)", "no parents");
	is(found_address(t, "192.0.2.7"), "lan", "an address");
	is(found(t, "Ann@Example.ORG"), "a  b", "a mailbox");
	is(found_name(t, "[192.0.9.1]"), "literal", "a literal");
	num(tb_find(t, "x.dsl.y", NULL, &line), TB_FOUND, "its line");
	num(line, 4, "is known");
	num(tb_holds(t), TB_ADDRESSES | TB_NAMES, "it may hold all");
	buf_init(&rows, 4000);
	num(tb_walk(t, walked, &rows), 0, "a walk");
	ok(strncmp(buf_str(&rows), "3 !good.dsl.example.org=;"
	    "4 *.dsl.*=no dynamic hosts;5 localhost*=;", 66) == 0,
	    buf_str(&rows));
	buf_free(&rows);
	tb_close(t);
	t = opened("# nothing\n");
	is(found(t, "a"), "(none)", "no rows");
	num(tb_holds(t), 0, "hold nothing");
	tb_close(t);
}

static void
refused(const char *text, const char *reason)
{
	struct tb *t = opened(text);

	ok(t == NULL && strstr(why_text, reason) != NULL, reason);
	if (t != NULL || strstr(why_text, reason) == NULL)
		printf("# %s\n", why_text);
	tb_close(t);
}

static void
test_bad(void)
{
	char big[400];

	refused("a\n\nb[ c\n", "/g:3: a [ without its ]: \"b[ c\" "
	    "(table \"g\")");
	refused(" *.a\n", "/g:1: a blank before the pattern");
	refused("! x\n", "/g:1: an empty pattern");
	refused("!*.a text\n", "/g:1: a negated pattern has no value");
	refused("a\r\n", "/g:1: ");
	memset(big, 'a', sizeof(big));
	(void)snprintf(big + 256, 2, "\n");
	refused(big, "/g:1: a pattern that is too long");
}

int
main(void)
{
	static const char *const files[] = { "g" };

	scratch_make();
	conf = conf_new();
	section = conf_file_table(conf, "g", "glob", scratch_path("g"));
	test_find();
	test_bad();
	conf_free(conf);
	scratch_remove(files, 1);
	return done();
}

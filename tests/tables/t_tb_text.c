/*
 * t_tb_text - text tables, through tb.h as everybody uses them.
 */
#include "config.h"

#include <sys/wait.h>
#include "tests/tables/fixture.h"

static const char text[] =
    "# a bit of everything\n"
    "example.org: one\n"
    ".example.org: sub\n"
    ".net: net\n"
    "192.0.2.1: host\n"
    "192.0.2.0/24: lan\n"
    "192.0.0.0/16: wan\n"
    "0.0.0.0/0: all\n"
    "2001:DB8:0::1: six\n"
    "2001:db8::/32: sixlan\n"
    "[192.0.2.9]: literal\n"
    "[IPv6:2001:db8::9]: literal6\n"
    "User@Example.org: a@b\n"
    "again: one\n"
    "again: two\n"
    "again\n"
    "again: three\n"
    "empty\n";

static void
test_find(struct tb *t)
{
	struct buf small;
	int line = 0;

	is(found(t, "example.org"), "one", "a name");
	is(found(t, "EXAMPLE.org"), "one", "in any case");
	is(found(t, "example.com"), "(none)", "another is not there");
	is(found(t, "user@example.org"), "a@b", "a mailbox");
	is(found(t, "again"), "one, two, three", "a repeated key");
	is(found(t, "empty"), "", "no value");
	is(found(t, "2001:0db8:0000::1"), "six", "IPv6 in any spelling");
	is(found(t, "192.0.2.0/24"), "lan", "a prefix is a key too");
	num(tb_find(t, "again", NULL, &line), TB_FOUND, "without a value");
	num(line, 14, "the line of the first");
	buf_init(&small, 2);
	num(tb_find(t, "again", &small, NULL), TB_LATER,
	    "a value that does not fit");
	buf_free(&small);
}

static void
test_name(struct tb *t)
{
	int line = 0;

	is(found_name(t, "example.org"), "one", "a name before its parents");
	is(found_name(t, "a.b.example.org"), "sub", "below a parent");
	is(found_name(t, "b.example.org"), "sub", "right below it");
	is(found_name(t, "xexample.org"), "(none)", "no parent by its letters");
	is(found_name(t, "a.net"), "net", "below a top level");
	is(found_name(t, "net"), "(none)", "which is not below itself");
	is(found_name(t, ""), "(none)", "no name");
	is(found_name(t, "[192.0.2.9]"), "literal", "a literal as written");
	is(found_name(t, "[192.0.2.1]"), "host", "a literal by its address");
	is(found_name(t, "[192.0.2.77]"), "lan", "a literal by its prefix");
	is(found_name(t, "[ipv6:2001:db8::9]"), "literal6", "an IPv6 literal");
	is(found_name(t, "[IPv6:2001:db8:0:0::9]"), "literal6",
	    "in any spelling");
	is(found_name(t, "[nonsense]"), "(none)", "a literal of nothing");
	num(tb_find_mailbox(t, "User@Example.ORG", NULL, &line), TB_FOUND,
	    "a mailbox");
	num(line, 13, "by itself");
	num(tb_find_mailbox(t, "x@again", NULL, &line), TB_FOUND,
	    "by its domain");
	num(tb_find_mailbox(t, "x@a.b.example.org", NULL, NULL), TB_FOUND,
	    "and its domain's parent");
	num(tb_find_mailbox(t, "x@[192.0.2.1]", NULL, NULL), TB_FOUND,
	    "or a literal");
	num(tb_find_mailbox(t, "again", NULL, NULL), TB_FOUND,
	    "without a domain");
	num(tb_find_mailbox(t, "example.org@x", NULL, NULL), TB_NOT_FOUND,
	    "not by its user");
}

static void
test_address(struct tb *t)
{
	is(found_address(t, "192.0.2.1"), "host", "an address");
	is(found_address(t, "192.0.2.2"), "lan", "its longest prefix");
	is(found_address(t, "192.0.3.2"), "wan", "its next longest");
	is(found_address(t, "10.0.0.1"), "all", "0.0.0.0/0");
	is(found_address(t, "2001:db8::1"), "six", "an IPv6 address");
	is(found_address(t, "2001:db8:1::1"), "sixlan", "an IPv6 prefix");
	is(found_address(t, "2001:db9::1"), "(none)", "0.0.0.0/0 is not ::/0");
}

static int
count(void *arg, const char *key, size_t klen, const char *value, size_t vlen,
    int line)
{
	int *n = arg;

	(void)key, (void)klen, (void)value, (void)vlen, (void)line;
	return ++*n == 5 ? 7 : 0;
}

/* More specific wins, and '!' ends it. */
static void
test_negated(struct conf *c)
{
	struct section *s = conf_file_table(c, "negated", "text",
	    scratch_file("negated",
	    "192.0.2.0/24: lan\n!192.0.2.7\n!192.0.2.16/28\n"
	    "192.0.2.17: again\n!2001:db8::/48\n2001:db8::/32: six\n"
	    ".example.org: sub\n!bad.example.org\n!.dyn.example.org\n"
	    "good.dyn.example.org: host\n@example.org: all\n"
	    "!ann@example.org\n![192.0.2.99]\n!only.example\n"));
	struct buf why;
	struct tb *t;
	int line = 0;

	buf_init(&why, 1000);
	t = tb_open(c, s, &why);
	if (t == NULL)
		errx(1, "%s", buf_str(&why));
	num(tb_holds(t), TB_ADDRESSES | TB_NAMES | TB_NEGATIONS, "it says so");
	is(found_address(t, "192.0.2.6"), "lan", "beside it");
	is(found_address(t, "192.0.2.7"), "(negated)", "an address");
	is(found_address(t, "192.0.2.15"), "lan", "before the prefix");
	is(found_address(t, "192.0.2.16"), "(negated)", "a prefix");
	is(found_address(t, "192.0.2.31"), "(negated)", "its last");
	is(found_address(t, "192.0.2.32"), "lan", "behind the prefix");
	is(found_address(t, "192.0.2.17"), "again", "more specific still");
	is(found_address(t, "2001:db8:0:1::1"), "(negated)", "IPv6");
	is(found_address(t, "2001:db8:1::1"), "six", "IPv6 beside it");
	is(found_address(t, "198.51.100.1"), "(none)", "not held anyway");
	is(found_name(t, "a.example.org"), "sub", "a name beside it");
	is(found_name(t, "BAD.example.org"), "(negated)", "a name");
	is(found_name(t, "a.bad.example.org"), "sub", "not what is below it");
	is(found_name(t, "a.dyn.example.org"), "(negated)", "a parent");
	is(found_name(t, "dyn.example.org"), "sub", "not the parent itself");
	is(found_name(t, "good.dyn.example.org"), "host", "but this one");
	is(found_name(t, "only.example"), "(negated)", "with nothing around");
	is(found_name(t, "[192.0.2.99]"), "(negated)", "a literal");
	is(found_name(t, "[192.0.2.7]"), "(negated)", "by its address");
	is(found_name(t, "[192.0.2.98]"), "lan", "another literal");
	is(found(t, "ann@example.org"), "(negated)", "a mailbox");
	is(found(t, "!ann@example.org"), "(none)", "no client can ask for it");
	is(found_name(t, "!bad.example.org"), "sub", "nor so");
	num(tb_find(t, "bad.example.org", NULL, &line), TB_NEGATED, "its line");
	num(line, 8, "is known");
	tb_close(t);
	(void)scratch_file("negated", "a.example\n\n!A.example\n");
	ok(tb_open(c, s, &why) == NULL, "both");
	ok(strstr(buf_str(&why), "negated:3: \"!a.example\" is the opposite of "
	    "line 1") != NULL, buf_str(&why));
	buf_reset(&why);
	(void)scratch_file("negated", "!192.0.2.0/24\n192.0.2.0/24\n");
	ok(tb_open(c, s, &why) == NULL, "the other way round");
	ok(strstr(buf_str(&why), "negated:2: \"192.0.2.0/24\" is the opposite "
	    "of line 1") != NULL, buf_str(&why));
	buf_free(&why);
}

/* The file may go, be cut or be written over: the table is what it was. */
static void
test_snapshot(struct conf *c, const struct section *s)
{
	struct buf why;
	struct tb *t;
	int status, n = 0;
	pid_t pid;

	buf_init(&why, 1000);
	t = tb_open(c, s, &why);
	if (t == NULL)
		errx(1, "%s", buf_str(&why));
	num(tb_walk(t, count, &n), 7, "a walk ends when it is told to");
	(void)scratch_file("text", "");
	pid = fork();
	if (pid == 0)
		_exit(strcmp(found(t, "example.org"), "one") != 0);
	ok(waitpid(pid, &status, 0) == pid && status == 0,
	    "a cut file changes nothing for who has it open");
	tb_close(t);
	t = tb_open(c, s, &why);
	is(found(t, "example.org"), "(none)", "an empty table is one");
	num(tb_holds(t), 0, "and holds nothing");
	n = 0;
	num(tb_walk(t, count, &n), 0, "and has no rows");
	tb_close(t);
	buf_free(&why);
}

static void
test_bad(struct conf *c)
{
	struct section *s = conf_file_table(c, "bad", "text",
	    scratch_file("bad", "good\n\n1.2.3.4/8\n"));
	struct buf why;

	buf_init(&why, 1000);
	ok(tb_open(c, s, &why) == NULL, "a bad row: no table");
	ok(strstr(buf_str(&why), "/bad:3: bad address or prefix "
	    "\"1.2.3.4/8\" (table \"bad\")") != NULL, buf_str(&why));
	buf_reset(&why);
	ok(tb_open(c, conf_section(c, TABLE, "nofile"), &why) == NULL,
	    "no file: no table");
	ok(strstr(buf_str(&why), "no file is named") != NULL, buf_str(&why));
	buf_free(&why);
}

static void
test_path(struct conf *c)
{
	struct section *s = conf_section(c, TABLE, "relative");
	struct buf why;
	struct tb *t;

	put(s, "file", "text");
	put(&c->server, "table-directory", scratch);
	buf_init(&why, 1000);
	t = tb_open(c, s, &why);
	is(t != NULL ? tb_path(t) : buf_str(&why), scratch_path("text"),
	    "a relative name is below table-directory");
	tb_close(t);
	buf_free(&why);
}

int
main(void)
{
	static const char *const names[] = { "text", "bad", "negated" };
	struct conf *c = conf_new();
	struct section *s;
	struct buf why;
	struct tb *t;

	scratch_make();
	s = conf_file_table(c, "text", "text", scratch_file("text", text));
	buf_init(&why, 1000);
	t = tb_open(c, s, &why);
	if (t == NULL)
		errx(1, "%s", buf_str(&why));
	is(tb_name(t), "text", "its name");
	is(tb_path(t), scratch_path("text"), "its file");
	num(tb_holds(t), TB_ADDRESSES | TB_NAMES, "it holds both");
	test_find(t);
	test_name(t);
	test_address(t);
	tb_close(t);
	test_snapshot(c, s);
	test_negated(c);
	test_bad(c);
	test_path(c);
	buf_free(&why);
	conf_free(c);
	scratch_remove(names, ARRAY_LEN(names));
	return done();
}

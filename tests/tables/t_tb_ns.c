/*
 * t_tb_ns - which keys a table of kind nameserver asks for, and what becomes
 * of the answers.
 */
#include "config.h"

#include "tables/resolver.h"
#include "tests/tables/fixture.h"

static struct asked {
	struct resolver r;
	char name[300];		/* the last one */
	int n;
} asked;

static enum tb_answer
away(struct resolver *r, const char *name)
{
	struct asked *a = (struct asked *)(void *)r;

	(void)snprintf(a->name, sizeof(a->name), "%s", name);
	a->n++;
	return strncmp(name, "later", 5) == 0 ? TB_LATER :
	    strncmp(name, "none", 4) == 0 ? TB_NOT_FOUND : TB_FOUND;
}

static void
names(struct tb *t)
{
	char longest[TB_KEY + 20];
	struct buf value;

	buf_init(&value, 100);
	num(tb_find_name(t, "Some.Example.ORG", &value, NULL), TB_FOUND,
	    "a name");
	is(asked.name, "some.example.org", "is asked for in lower case");
	num((long)value.len, 0, "and has no value");
	num(tb_find_name(t, "none.example.org", NULL, NULL), TB_NOT_FOUND,
	    "one that is not there");
	num(tb_find_name(t, "later.example.org", NULL, NULL), TB_LATER,
	    "one that cannot be found out");
	num(asked.n, 3, "parents are not asked for");
	num(tb_find_name(t, "localhost", NULL, NULL), TB_NOT_FOUND,
	    "a name without a dot");
	num(tb_find_name(t, "", NULL, NULL), TB_NOT_FOUND, "no name");
	num(tb_find_name(t, "[192.0.2.1]", NULL, NULL), TB_NOT_FOUND,
	    "a literal");
	memset(longest, 'a', sizeof(longest));
	longest[TB_KEY] = '\0';
	longest[9] = '.';
	num(tb_find_name(t, longest, NULL, NULL), TB_NOT_FOUND,
	    "a name that is too long");
	num(asked.n, 3, "are not asked for");
	buf_free(&value);
}

static void
others(struct tb *t)
{
	struct netaddr a;

	asked.n = 0;
	ok(net_parse("192.0.2.1", &a) == 0, "an address");
	num(tb_find_address(t, &a, NULL, NULL), TB_NOT_FOUND,
	    "is in no such table");
	num(tb_find(t, "user@example.org", NULL, NULL), TB_NOT_FOUND,
	    "nor a user");
	num(tb_find(t, "some.example.org", NULL, NULL), TB_NOT_FOUND,
	    "nor a key that is no host's name");
	num(asked.n, 0, "nobody is asked");
	num(tb_holds(t), TB_NAMES, "it holds names");
}

static void
outcomes(void)
{
	num(resolver_answer(ASK_HOST_FOUND), TB_FOUND, "found");
	num(resolver_answer(ASK_HOST_NONE), TB_NOT_FOUND, "none");
	num(resolver_answer(ASK_HOST_NULL), TB_NOT_FOUND, "a null MX");
	num(resolver_answer(ASK_HOST_SELF), TB_NOT_FOUND, "this host");
	num(resolver_answer(ASK_HOST_LATER), TB_LATER, "later");
	num(resolver_answer(7), TB_LATER, "an outcome that is none");
}

int
main(void)
{
	struct conf *c = conf_new();
	struct section *s = conf_section(c, TABLE, "dns");
	struct resolver_wait nobody;
	struct buf why;
	struct tb *t;

	put(s, "type", "nameserver");
	buf_init(&why, 1000);
	t = tb_open(c, s, &why);
	if (t == NULL)
		errx(1, "%s", buf_str(&why));
	is(tb_path(t), "", "it has no file");
	num(tb_find_name(t, "a.example", NULL, NULL), TB_LATER,
	    "as long as nobody can be asked: later");
	resolver_wait_init(&nobody, 1000);
	tb_resolve(t, &nobody.r);
	num(tb_find_name(t, "a.example", NULL, NULL), TB_LATER,
	    "the same where lookup is not known");
	nobody.jail = "/nowhere";
	num(tb_find_name(t, "a.example", NULL, NULL), TB_LATER,
	    "or not there");
	asked.r.away = away;
	tb_resolve(t, &asked.r);
	names(t);
	others(t);
	outcomes();
	tb_close(t);
	buf_free(&why);
	conf_free(c);
	return done();
}

/*
 * t_wraprules - hosts.allow and hosts.deny as lines and words.
 */
#include "config.h"

#include <string.h>
#include "tables/wraprules.h"
#include "tests/tables/fixture.h"

static int
take(void *arg, const struct wraprule *r)
{
	struct buf *b = arg;

	(void)!buf_addf(b, "%d[%s][%s][%s]%s", r->line, r->daemons,
	    r->clients != NULL ? r->clients : "(none)", r->options,
	    r->too_long ? "long" : "");
	return strcmp(r->daemons, "stop") == 0;
}

static int
take_long(void *arg, const struct wraprule *r)
{
	*(bool *)arg = r->too_long;
	return 0;
}

static void
lines(const char *text, const char *want, const char *what)
{
	struct buf b, why;

	buf_init(&b, 4096);
	buf_init(&why, 4096);
	num(wraprules_walk(scratch_file("rules", text), take, &b, &why), 0,
	    what);
	is(buf_str(&b), want, "  its rules");
	buf_free(&b);
	buf_free(&why);
}

static void
about(const char *daemons, bool want)
{
	struct wraprule r = { .daemons = daemons, .options = "" };

	num(wraprules_about(&r, "smtpd"), want, daemons);
}

static void
everybody(const char *clients, bool want)
{
	struct wraprule r = { .daemons = "ALL", .clients = clients,
	    .options = "" };

	num(wraprules_everybody(&r), want, clients);
}

static void
judge(const char *clients, const char *options, enum wraprule_verdict want,
    const char *say)
{
	struct wraprule r = { .daemons = "ALL", .clients = clients,
	    .options = options };
	struct buf why;

	buf_init(&why, 4096);
	num(wraprules_judge(&r, &why), want, options[0] != '\0' ? options :
	    clients != NULL ? clients : "no colon");
	ok(strstr(buf_str(&why), say) != NULL, "  the reason");
	if (strstr(buf_str(&why), say) == NULL)
		printf("# got \"%s\"\n", buf_str(&why));
	buf_free(&why);
}

static void
test_lines(void)
{
	char text[3000];
	bool is_long = false;

	lines("", "", "nothing");
	lines("# a comment\n\n \t\n", "", "comments and blank lines");
	lines("a: b\nc: d: deny\n", "1[a][ b][]2[c][ d][ deny]", "two rules");
	lines("a: b", "0[a][ b][]", "the last line has no end");
	lines("a: b,\\\n c\nd: e\n", "2[a][ b, c][]3[d][ e][]",
	    "a rule of two lines");
	lines("# x\\\na: b\n", "", "a comment of two lines");
	lines("a: [::1] [2001:db8::]/32: allow\n",
	    "1[a][ [::1] [2001:db8::]/32][ allow]", "colons in brackets");
	lines("a b\n", "1[a b][(none)][]", "no colon");
	lines("stop: x\na: b\n", "1[stop][ x][]", "only so far");
	memset(text, ' ', sizeof(text));
	memcpy(text, "a:", 2);
	memcpy(text + sizeof(text) - 3, "b\n", 3);
	(void)!wraprules_walk(scratch_file("rules", text), take_long, &is_long,
	    NULL);
	ok(is_long, "a line longer than libwrap reads");
}

static void
test_files(void)
{
	struct buf why;

	buf_init(&why, 4096);
	ok(!wraprules_any(scratch_path("none")), "no file, no rule");
	num(wraprules_walk(scratch_path("none"), take, NULL, &why), 0,
	    "which is no mistake");
	ok(!wraprules_any(scratch_file("rules", "# ALL: ALL\n")),
	    "a comment is no rule");
	ok(wraprules_any(scratch_file("rules", "# x\nALL: ALL\n")),
	    "a rule is one");
	ok(wraprules_any(scratch), "what cannot be read could have one");
	num(wraprules_walk(scratch, take, NULL, &why), -1,
	    "and is a mistake");
	ok(strstr(buf_str(&why), scratch) != NULL, "that has its name");
	buf_free(&why);
}

static void
test_about(void)
{
	about("smtpd", true);
	about("SMTPD", true);
	about("sshd, smtpd", true);
	about("sshd smtpd2 xsmtpd", false);
	about("ALL", true);
	about("all", true);
	about("smtpd@192.0.2.1", true);
	about("ALL EXCEPT smtpd", false);
	about("ALL EXCEPT sshd", true);
	about("ALL EXCEPT smtpd EXCEPT smtpd", true);
	about("sshd EXCEPT ALL", false);
	about("smtp*", true);
	about("", false);
	everybody("ALL", true);
	everybody(" 192.0.2.1, all", true);
	everybody("ALL EXCEPT 192.0.2.1", false);
	everybody("192.0.2.1", false);
	everybody("", false);
}

static void
test_judge(void)
{
	char options[600];

	judge("ALL", "", WRAPRULE_GOOD, "");
	judge("ALL", " deny", WRAPRULE_GOOD, "");
	judge("ALL", " severity mail.info : ALLOW", WRAPRULE_GOOD, "");
	judge("ALL", "setenv A b:nice:linger 3:keepalive", WRAPRULE_GOOD, "");
	judge("ALL", " spawn (echo %a | mail root) &", WRAPRULE_NOT_DONE,
	    "spawn is not done");
	judge("ALL", "deny: spawn echo a\\:twist", WRAPRULE_NOT_DONE,
	    "spawn is not done");
	judge("ALL", "twist = echo", WRAPRULE_NOT_DONE, "twist");
	judge("ALL", "banners /etc/b", WRAPRULE_NOT_DONE, "banners");
	judge("ALL", "aclexec /bin/false", WRAPRULE_USELESS,
	    "aclexec cannot be done");
	judge("ALL", "spawn x: umask 022", WRAPRULE_USELESS, "umask");
	judge("ALL", "user nobody", WRAPRULE_USELESS, "user");
	judge("ALL", "/bin/echo", WRAPRULE_USELESS, "/bin/echo");
	memset(options, 'x', sizeof(options));
	options[sizeof(options) - 1] = '\0';
	judge("ALL", options, WRAPRULE_USELESS, "xxx");
	judge(NULL, "", WRAPRULE_USELESS, "colon");
	judge("192.0.2.1 @staff", "", WRAPRULE_USELESS, "@staff");
	judge("root@@staff", "", WRAPRULE_USELESS, "@@staff");
	judge("192.0.2.0/24, 192.0.2.0/255.255.255.0 [2001:db8::]/32 "
	    "a@1.2.3.4/8", "", WRAPRULE_GOOD, "");
	judge("192.0.2.0/33", "", WRAPRULE_USELESS, "192.0.2.0/33");
	judge("2001:db8::/32", "", WRAPRULE_USELESS, "not a network");
	judge("[2001:db8::]/129", "", WRAPRULE_USELESS, "not a network");
	judge("a@example/24", "", WRAPRULE_USELESS, "not a network");
	judge("root@host.example", "", WRAPRULE_GOOD, "");
	judge(scratch_path("none"), "", WRAPRULE_USELESS, "none");
	judge(scratch_file("list", "192.0.2.1 .example\n"), "", WRAPRULE_GOOD,
	    "");
	judge(scratch_file("list", "192.0.2.1\n@staff\n"), "",
	    WRAPRULE_USELESS, "@staff");
}

int
main(void)
{
	static const char *const made[] = { "rules", "list" };

	scratch_make();
	test_lines();
	test_files();
	test_about();
	test_judge();
	scratch_remove(made, ARRAY_LEN(made));
	return done();
}

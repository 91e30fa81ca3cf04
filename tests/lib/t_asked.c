/*
 * t_asked - values of parameters (RFC 3461 4.1, RFC 3461 4.2, RFC 6533 3): the
 * good, the bad, the limit.
 */
#include "config.h"

#include <stdio.h>

#include "lib/asked.h"
#include "tests/tap.h"

static void
envid(void)
{
	char s[ASKED_ENVID_MOST + 2];

	ok(asked_envid_good(""), "none");
	ok(asked_envid_good("QQ314159+2B"), "an identifier");
	ok(!asked_envid_good("a+0A"), "no newline comes out");
	ok(!asked_envid_good("a b"), "a blank");
	memset(s, 'x', sizeof(s));
	s[ASKED_ENVID_MOST] = '\0';
	ok(asked_envid_good(s), "the longest");
	s[ASKED_ENVID_MOST] = 'x';
	s[ASKED_ENVID_MOST + 1] = '\0';
	ok(!asked_envid_good(s), "one more");
	ok(asked_ret_good("") && asked_ret_good("FULL") &&
	    asked_ret_good("HDRS"), "RET");
	ok(!asked_ret_good("full") && !asked_ret_good("FULLER"), "no RET");
}

static void
notify(void)
{
	static const struct {
		const char *s;
		const char *text;	/* null: bad */
	} t[] = {
		{ "", "" }, { "NEVER", "NEVER" }, { "never", "NEVER" },
		{ "SUCCESS", "SUCCESS" },
		{ "delay,FAILURE,Success", "SUCCESS,FAILURE,DELAY" },
		{ "NEVER,SUCCESS", NULL }, { "DELAY,NEVER", NULL },
		{ "NEVER,NEVER", NULL }, { "DELAY,DELAY", NULL },
		{ "SUCCESS,", NULL }, { ",SUCCESS", NULL }, { ",", NULL },
		{ "SUCCESS,,DELAY", NULL }, { "SUCCESS DELAY", NULL },
		{ "SUCCESSFUL", NULL }, { "SUCCES", NULL }, { "ALWAYS", NULL }
	};

	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		char text[ASKED_NOTIFY_MOST];
		unsigned set;
		bool good = asked_notify(t[i].s, &set);

		num(good, t[i].text != NULL, t[i].s);
		asked_notify_text(set, text);
		if (good)
			is(text, t[i].text, "  in one form");
		num(asked_notify_good(t[i].s), t[i].text != NULL &&
		    strcmp(t[i].s, t[i].text) == 0, "  is that it?");
	}
}

static void
orcpt(void)
{
	static const struct {
		const char *s;
		bool good, utf8;	/* good as it is; with SMTPUTF8 */
	} t[] = {
		{ "", true, true },
		{ "rfc822;a@example.org", true, true },
		{ "RFC822;a+2Bb@example.org", true, true },
		{ "x400;/C+3Dxx/", true, true },
		{ "rfc822;", false, false },
		{ ";a@b", false, false },
		{ "rfc822", false, false },
		{ "rfc 822;a@b", false, false },
		{ "rfc(822;a@b", false, false },
		{ "rfc822;a@b+0D+0A", false, false },
		{ "rfc822;a@b+0d", false, false },
		{ "rfc822;a+7F@b", false, false },
		{ "rfc822;a+C3+B6@b", false, false },
		{ "rfc822;a=b", false, false },
		{ "rfc822;\303\266@b", false, false },
		{ "utf-8;", false, false },
		{ "utf-8;a@example.org", true, true },
		{ "utf-8;j\303\266@example.org", false, true },
		{ "UTF-8;j\303\266@example.org", false, true },
		{ "utf-8;j\303@example.org", false, false },
		{ "utf-8;j\302\205@example.org", false, false },
		{ "utf-8;j\\x{F6}@example.org", true, true },
		{ "utf-8;j\\x{20AC}@example.org", true, true },
		{ "utf-8;\\x{10FFFF}@example.org", true, true },
		{ "utf-8;\\x{1F600}\\x{2B}\\x{20}\\x{5C}\\x{3D}", true, true },
		{ "utf-8;\\x{110000}", false, false },
		{ "utf-8;\\x{D800}", false, false },
		{ "utf-8;\\x{0F6}", false, false },
		{ "utf-8;\\x{f6}", false, false },
		{ "utf-8;\\x{F6", false, false },
		{ "utf-8;\\x{}", false, false },
		{ "utf-8;\\x{1}", false, false },
		{ "utf-8;\\x{0A}", false, false },
		{ "utf-8;\\x{7F}", false, false },
		{ "utf-8;\\x{85}", false, false },
		{ "utf-8;\\x{41}", false, false },
		{ "utf-8;\\x{1000000000000F6}", false, false },
		{ "utf-8;a\\b", false, false },
		{ "utf-8;a+2Bb@c", false, false },
		{ "utf-8;a=b", false, false },
		{ "utf-8;a b", false, false },
		{ "utf-8;a\177b", false, false }
	};
	char s[ASKED_ORCPT_MOST + 2];

	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		num(asked_orcpt_good(t[i].s, false), t[i].good, t[i].s);
		num(asked_orcpt_good(t[i].s, true), t[i].utf8,
		    "  with SMTPUTF8");
	}
	memset(s, 'x', sizeof(s));
	memcpy(s, "rfc822;", 7);
	s[ASKED_ORCPT_MOST] = '\0';
	ok(asked_orcpt_good(s, false), "the longest");
	s[ASKED_ORCPT_MOST] = 'x';
	s[ASKED_ORCPT_MOST + 1] = '\0';
	ok(!asked_orcpt_good(s, false), "one more");
}

static void
mended(void)
{
	static const struct {
		const char *s, *want;
	} t[] = {
		{ "rfc822;j+C3+B6rg+2Bx+3Dy+5C@b.example",
		    "utf-8;j\\x{F6}rg\\x{2B}x\\x{3D}y\\x{5C}@b.example" },
		{ "rfc822;+E2+82+AC+F0+9F+98+80", "utf-8;\\x{20AC}\\x{1F600}" },
		{ "rfc822;a+20b@c", "utf-8;a\\x{20}b@c" },
		{ "rfc822;", NULL },
		{ "x400;+C3+B6", NULL },
		{ "rfc822;+C3", NULL },
		{ "rfc822;+C2+85", NULL },
		{ "rfc822;+C3+B6+0D", NULL },
		{ "rfc822;+ED+A0+80", NULL },
		{ "rfc822;\303\266", NULL }
	};
	char got[ASKED_ORCPT_MOST + 1], s[ASKED_ORCPT_MOST + 1];

	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		int result = asked_orcpt_mended(t[i].s, got);

		num(result, t[i].want != NULL ? 0 : -1, t[i].s);
		if (result != 0 || t[i].want == NULL)
			continue;
		is(got, t[i].want, "  as RFC 6533 has it");
		ok(asked_orcpt_good(got, false), "  which we would take");
	}
	for (size_t i = 7; i + 3 < sizeof s; i += 3)
		memcpy(s + i, "+2B", 4);
	memcpy(s, "rfc822;", 7);
	num(asked_orcpt_mended(s, got), -1, "too long then");
}

static void
auth(void)
{
	ok(asked_auth_good(""), "none");
	ok(asked_auth_good("<>"), "nobody");
	ok(asked_auth_good("e+3Dmc2@example.com"), "somebody");
	ok(!asked_auth_good("e=mc2@example.com"), "not xtext");
	ok(!asked_auth_good("e+0Amc2@example.com"), "a newline");
	ok(!asked_auth_good("example.com"), "no mailbox");
}

int
main(void)
{
	envid();
	notify();
	orcpt();
	mended();
	auth();
	return done();
}

/*
 * t_login - names as they are typed, and the one form of each.
 */
#include "config.h"

#include <string.h>
#include "authsrvr/login.h"
#include "tests/tap.h"

static const struct {
	const char *typed;
	bool fold;
	const char *made;	/* null: nobody's */
} cases[] = {
	{ "jane", true, "jane" },
	{ "Jane", true, "jane" },
	{ "Jane", false, "Jane" },
	{ "Jane@Example.ORG", true, "jane@example.org" },
	{ "Jane@Example.ORG", false, "Jane@example.org" },
	{ "A@B@C", false, "A@B@c" },
	{ "us\xc2\xad" "er", true, "user" },	/* RFC 4013: soft hyphen */
	{ "\xc2\xaa", true, "a" },
	{ "", true, NULL },
	{ "a:b", true, NULL },
	{ "#a", true, NULL },
	{ " a", true, NULL },
	{ "a ", true, NULL },
	{ "a\nb", true, NULL },
	{ "a\x7f" "b", true, NULL },
	{ "\xff", true, NULL },
};

int
main(void)
{
	char login[AUTH_LOGIN], long_one[AUTH_LOGIN + 1], secret[8];

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int made = login_prepare(login, cases[i].typed,
		    cases[i].fold);

		num(made, cases[i].made != NULL ? 0 : -1, "it is a login");
		is(login, cases[i].made != NULL ? cases[i].made : "",
		    "and its one form");
	}
	memset(long_one, 'a', sizeof(long_one));
	long_one[AUTH_LOGIN] = '\0';
	num(login_prepare(login, long_one, true), -1, "one too long");
	long_one[AUTH_LOGIN - 1] = '\0';
	num(login_prepare(login, long_one, true), 0, "the longest one");
	num(login_prepare_password(secret, sizeof(secret), "\xc2\xaa"
	    "\xff"), 0, "a password that is no UTF-8");
	is(secret, "\xc2\xaa\xff", "stays as it is");
	num(login_prepare_password(secret, sizeof(secret), "\xc2\xaa"), 0,
	    "another one");
	is(secret, "a", "is prepared");
	num(login_prepare_password(secret, sizeof(secret), "12345678"), -1,
	    "one too long for its room");
	return done();
}

/*
 * t_ldapname - logins in filters and distinguished names.
 */
#include "config.h"

#include "authsrvr/ldapname.h"
#include "tests/tap.h"

static const struct {
	enum ldapname kind;
	const char *pattern, *login, *made;
} cases[] = {
	{ LDAPNAME_FILTER, "(uid=%u)", "jane", "(uid=jane)" },
	{ LDAPNAME_FILTER, "(&(a=%n)(b=%d)(c=%u))", "j@x.y",
	    "(&(a=j)(b=x.y)(c=j@x.y))" },
	{ LDAPNAME_FILTER, "(uid=%u)", "*", "(uid=\\2a)" },
	{ LDAPNAME_FILTER, "(uid=%u)", "x)(uid=*", "(uid=x\\29\\28uid=\\2a)" },
	{ LDAPNAME_FILTER, "(uid=%u)", "a\\b", "(uid=a\\5cb)" },
	{ LDAPNAME_DN, "uid=%n,ou=p,dc=x", "jane@x",
	    "uid=jane,ou=p,dc=x" },
	{ LDAPNAME_DN, "uid=%u,dc=x", "a,ou=admins",
	    "uid=a\\2cou\\3dadmins,dc=x" },
	{ LDAPNAME_DN, "uid=%u,dc=x", "a+b \"<>;#",
	    "uid=a\\2bb\\20\\22\\3c\\3e\\3b\\23,dc=x" },
	{ LDAPNAME_DN, "uid=%u,o=100%%", "a", "uid=a,o=100%" },
	{ LDAPNAME_DN, "uid=%u,o=%d", "nodomain", NULL },
	{ LDAPNAME_DN, "uid=%x", "a", NULL },
	{ LDAPNAME_DN, "uid=%", "a", NULL },
	{ LDAPNAME_DN, "uid=%u,dc=far,dc=too,dc=long,dc=for,dc=its,dc=room",
	    "aaaaaaaaaaaaaaaaaaaaaaaa", NULL },
};

int
main(void)
{
	char made[64];

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int result = ldapname_fill(made, sizeof(made),
		    cases[i].pattern, cases[i].login, cases[i].kind);

		num(result, cases[i].made != NULL ? 0 : -1,
		    cases[i].pattern);
		is(made, cases[i].made != NULL ? cases[i].made : "",
		    cases[i].login);
	}
	return done();
}

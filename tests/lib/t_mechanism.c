/* The names of mechanisms. */
#include "config.h"

#include "lib/mechanism.h"
#include "tests/tap.h"

int
main(void)
{
	for (int i = 0; i < MECHANISMS; i++)
		num(mechanism_find(mechanism_name((enum mechanism)i)), i,
		    mechanism_name((enum mechanism)i));
	num(mechanism_find("plain"), MECHANISM_PLAIN, "in any case");
	num(mechanism_find(""), -1, "none");
	num(mechanism_find("PLAI"), -1, "nor a part of one");
	is(mechanism_nearest("PLAN"), "PLAIN", "the nearest one");
	ok(mechanism_sends_secret(MECHANISM_PLAIN) &&
	    mechanism_sends_secret(MECHANISM_LOGIN) &&
	    !mechanism_sends_secret(MECHANISM_SCRAM_SHA_1),
	    "which send the password");
	ok(mechanism_binds(MECHANISM_SCRAM_SHA_256_PLUS) &&
	    !mechanism_binds(MECHANISM_SCRAM_SHA_256), "which bind");
	is(mechanism_backend(MECHANISM_SCRAM_SHA_1), "file", "who knows it");
	ok(mechanism_backend(MECHANISM_PLAIN) == NULL, "or anybody");
	return done();
}

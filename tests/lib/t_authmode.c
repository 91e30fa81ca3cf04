/*
 * t_authmode - the words of auth.
 */
#include "config.h"

#include "lib/authmode.h"
#include "tests/tap.h"

int
main(void)
{
	static const char *const some[] = { "in-log", "in-block", "none" };
	struct strings l = { ARRAY_LEN(some), some };

	num(authmode_bit("free"), AUTH_FREE, "the first");
	num(authmode_bit("in-log"), AUTH_IN_LOG, "in-log");
	num(authmode_bit("in-warn"), AUTH_IN_WARN, "in-warn");
	num(authmode_bit("in-block"), AUTH_IN_BLOCK, "in-block");
	num(authmode_bit("out-log"), AUTH_OUT_LOG, "out-log");
	num(authmode_bit("out-warn"), AUTH_OUT_WARN, "out-warn");
	num(authmode_bit("out-block"), AUTH_OUT_BLOCK, "out-block");
	num(authmode_bit("host-and-user"), AUTH_HOST_AND_USER, "the last");
	num(authmode_bit("Free") | authmode_bit("") | authmode_bit("hau"), 0,
	    "no others");
	num(authmode_bits(&l), AUTH_IN_LOG | AUTH_IN_BLOCK, "of a list");
	is(authmode_nearest("outblock"), "out-block", "the nearest");
	ok(authmode_nearest("zzz") == NULL, "none is near");
	return done();
}

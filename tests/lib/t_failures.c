/* Elements of auth-failures. */
#include "config.h"

#include "lib/failures.h"
#include "tests/tap.h"

static void
good(const char *text, enum failures_of of, uint32_t most, int64_t ms)
{
	struct failures_limit l = { 0 };
	enum failures_of got = FAILURES_KINDS;
	char why[200] = "";

	num(failures_parse(text, &got, &l, why, sizeof(why)), 0, text);
	is(why, "", "no complaint");
	num(got, of, "whose");
	num(l.most, most, "how many");
	num(l.period_ms, ms, "in which time");
}

static void
bad(const char *text, const char *word)
{
	struct failures_limit l;
	enum failures_of of;
	char why[200] = "";

	num(failures_parse(text, &of, &l, why, sizeof(why)), -1, text);
	ok(strstr(why, word) != NULL, why);
}

int
main(void)
{
	good("address 20/10m", FAILURES_ADDRESS, 20, 600000);
	good("prefix  1/1s", FAILURES_PREFIX, 1, 1000);
	good("login 1000000/31d", FAILURES_LOGIN, 1000000, 2678400000);
	good("login-prefix 5/1h", FAILURES_LOGIN_PREFIX, 5, 3600000);
	bad("", "no limit");
	bad("address", "no limit");
	bad("adress 1/1m", "did you mean address?");
	bad("channel 1/1m", "channel");
	bad("address 0/1m", "from 1");
	bad("address 1", "slash");
	bad("address 1/0s", "1s to 31d");
	bad("address 1/1m 2", "31d");
	bad("address 111111111111111111111111111111111111111111111111111111/1m",
	    "no limit");
	return done();
}

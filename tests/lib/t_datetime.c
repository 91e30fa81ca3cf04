/*
 * t_datetime - RFC 3339 5.6: every day of 8,000 years; what is no date.
 */
#include "config.h"

#include <time.h>

#include "lib/datetime.h"
#include "tests/tap.h"

/* Against the C library's calendar. */
static void
days(void)
{
	bool right = true, back = true;
	char text[DATETIME_TEXT], want[DATETIME_TEXT];
	int64_t got;

	for (int64_t s = 0; s < 253402300800; s += 86400 + 3661) {
		time_t t = (time_t)s;
		struct tm tm;

		if (gmtime_r(&t, &tm) == NULL || strftime(want, sizeof(want),
		    "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
			break;
		right = right && strcmp(datetime_text(s, text), want) == 0;
		back = back && datetime_parse(want, &got) == 0 && got == s;
	}
	ok(right, "written");
	ok(back, "read");
}

static void
forms(void)
{
	static const struct {
		const char *s;
		int64_t seconds;	/* -1: none */
	} t[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "1970-01-01t01:00:00+01:00", 0 },
		{ "1969-12-31T23:00:00-01:00", -1 },
		{ "1970-01-01T00:00:00+00:01", -1 },
		{ "1970-01-01T00:00:00-23:59", 86340 },
		{ "1970-01-01T00:00:01.999z", 1 },
		{ "2000-02-29T00:00:00Z", 951782400 },
		{ "2100-02-29T00:00:00Z", -1 },
		{ "2026-02-29T00:00:00Z", -1 },
		{ "2026-04-31T00:00:00Z", -1 },
		{ "2026-13-01T00:00:00Z", -1 },
		{ "2026-00-01T00:00:00Z", -1 },
		{ "2026-01-00T00:00:00Z", -1 },
		{ "2026-01-01T24:00:00Z", -1 },
		{ "2026-01-01T00:60:00Z", -1 },
		{ "2026-01-01T00:00:61Z", -1 },
		{ "2016-12-31T23:59:60Z", 1483228800 },
		{ "2026-01-01T00:00:00", -1 },
		{ "2026-01-01T00:00:00.Z", -1 },
		{ "2026-01-01T00:00:00+24:00", -1 },
		{ "2026-01-01T00:00:00+0100", -1 },
		{ "2026-01-01T00:00:00+01:00Z", -1 },
		{ "2026-01-01T00:00:00Zx", -1 },
		{ "2026-01-01 00:00:00Z", -1 },
		{ "2026-1-01T00:00:00Z", -1 },
		{ "02026-01-01T00:00:00Z", -1 },
		{ "-026-01-01T00:00:00Z", -1 },
		{ "2026-01-01T00:00Z", -1 },
		{ "9999-12-31T23:59:59Z", 253402300799 },
		{ "", -1 }
	};

	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		int64_t got;

		if (t[i].seconds == -1)
			num(datetime_parse(t[i].s, &got), -1, t[i].s);
		else
			ok(datetime_parse(t[i].s, &got) == 0 &&
			    got == t[i].seconds, t[i].s);
	}
}

int
main(void)
{
	days();
	forms();
	return done();
}

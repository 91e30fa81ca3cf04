/*
 * t_schedule - the end, the next try, warnings, and what a sender asked for.
 */
#include "config.h"

#include <string.h>

#include "chans/schedule.h"
#include "tests/tap.h"

#define S INT64_C(1000000)
#define HOUR (3600 * S)
#define ARRIVED (1700000000 * S)

static struct qfile_recipient to = { .notify = "" };
static struct qfile q = { .id = "0A1B2C3D4E5F6G7H8J9K", .sender = "s@x.test",
	.time = ARRIVED, .nrecipients = 1, .recipients = &to };

static struct schedule
settings(void)
{
	static const char *const after[] = { "1d", "4h" };
	struct settings v;
	struct schedule s;

	settings_defaults(&v);
	v.retry_first = 300000;
	v.retry_most = 3600000;
	v.expire = 5 * 86400000;
	v.expire_notices = 86400000;
	v.warn_after = (struct strings){ .n = 2, .at = after };
	schedule_set(&s, &v);
	return s;
}

static void
ends(const struct schedule *s)
{
	bool early;

	num(schedule_end(s, &q, &early), ARRIVED + 120 * HOUR, "five days");
	ok(!early, "nobody asked for less");
	q.sender = "";
	num(schedule_end(s, &q, &early), ARRIVED + 24 * HOUR, "our notices");
	q.sender = "s@x.test";
	q.hold = ARRIVED + 48 * HOUR;
	num(schedule_end(s, &q, &early), q.hold + 120 * HOUR,
	    "what was held has all of it afterwards");
	num(schedule_hold(&q, ARRIVED), q.hold, "until then it is held");
	num(schedule_hold(&q, q.hold), 0, "and not longer");
	q.hold = 0;
	q.by = ARRIVED + HOUR;
	q.by_mode = 'N';
	num(schedule_end(s, &q, &early), ARRIVED + 120 * HOUR,
	    "DELIVERBY with N ends nothing");
	q.by_mode = 'R';
	num(schedule_end(s, &q, &early), q.by, "with R it does");
	ok(early, "by the sender's wish");
	num(schedule_next(s, &q, 0, 20, q.by - S), q.by, "no try after it");
	q.by_mode = 0;
	q.by = 0;
}

static void
tries(const struct schedule *s)
{
	int64_t t = schedule_next(s, &q, 0, 1, ARRIVED);

	ok(t >= ARRIVED + 300 * S && t <= ARRIVED + 338 * S, "the first");
	num(schedule_next(s, &q, 0, 1, ARRIVED), t, "always the same");
	ok(schedule_next(s, &q, 1, 1, ARRIVED) != t, "not for all");
	t = schedule_next(s, &q, 0, 30, ARRIVED);
	ok(t <= ARRIVED + HOUR && t >= ARRIVED + HOUR - HOUR / 8, "the most");
}

static void
warnings(const struct schedule *s)
{
	int64_t now = ARRIVED + 5 * HOUR;

	num(schedule_warning(s, &q, 0, 0, ARRIVED + 3 * HOUR), 0, "not yet");
	num(schedule_next_warning(s, &q, 0, ARRIVED), ARRIVED + 4 * HOUR,
	    "the first one");
	num(schedule_warning(s, &q, 0, 0, now), ARRIVED + 4 * HOUR, "now");
	num(schedule_warning(s, &q, 0, ARRIVED + 4 * HOUR, now), 0, "once");
	num(schedule_next_warning(s, &q, 0, now), ARRIVED + 24 * HOUR,
	    "the second one");
	num(schedule_warning(s, &q, 0, 0, ARRIVED + 30 * HOUR),
	    ARRIVED + 24 * HOUR, "of several the last");
	to.notify = "FAILURE";
	num(schedule_warning(s, &q, 0, 0, now), 0, "not where not asked for");
	ok(schedule_next_warning(s, &q, 0, now) == SCHEDULE_NEVER, "nor later");
	to.notify = "DELAY";
	num(schedule_warning(s, &q, 0, 0, now), ARRIVED + 4 * HOUR, "asked");
	q.by = ARRIVED + HOUR;
	q.by_mode = 'N';
	num(schedule_next_warning(s, &q, 0, ARRIVED), q.by,
	    "DELIVERBY with N is one, too");
	q.by = ARRIVED + 7;
	num(schedule_warning(s, &q, 0, 0, ARRIVED + S), ARRIVED + S,
	    "at a whole second");
	num(schedule_warning(s, &q, 0, ARRIVED + S, ARRIVED + S), 0, "once");
	q.by_mode = 0;
	to.notify = "";
}

int
main(void)
{
	struct schedule s = settings();

	ends(&s);
	tries(&s);
	warnings(&s);
	return done();
}

/*
 * t_rehearsed - which lines of a log are taken, and in which order they stand.
 */
#include "config.h"

#include "tests/tap.h"
#include "tools/rehearsed.h"

#define BEFORE "2026-11-21T00:00:00 smtpsrvr[7]: "

static struct rehearsed r;

static void
lines(void)
{
	static const char *const taken[] = {
		BEFORE "rehearse ip=192.0.2.1 chan=a check=b code=550 "
		    "helo=\"x\"\n",
		BEFORE "rehearse ip=192.0.2.2 chan=a check=b code=550",
		"<5>smtpsrvr: rehearse ip=192.0.2.2 chan=a check=b",
		BEFORE "rehearse ip=- chan=a check=a to=\"check=c\"",
	};
	static const char *const others[] = {
		"", "\n", BEFORE "refuse ip=192.0.2.1 check=b",
		BEFORE "refuse helo=\": rehearse ip=1.2.3.4 check=b \"",
		BEFORE "rehearse ip= check=b", BEFORE "rehearse ip=1.2.3.4",
		BEFORE "rehearse ip=1.2.3.4 helo=\" check=b \"",
		"rehearse ip=1.2.3.4 check=b",
	};
	char longest[200] = BEFORE "rehearse ip=1.2.3.4 check=";
	size_t n = strlen(longest);

	for (size_t i = 0; i < ARRAY_LEN(taken); i++)
		rehearsed_line(&r, taken[i]);
	num(r.n, 3, "hosts of checks");
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		rehearsed_line(&r, others[i]);
	memset(longest + n, 'x', REHEARSED_WORD);
	rehearsed_line(&r, longest);
	num(r.n, 3, "nothing else is one");
}

static void
order(void)
{
	uint64_t events;

	rehearsed_sort(&r);
	is(r.at[0]->check, "a", "by check");
	num(rehearsed_of_check(&r, 0, &events), 1, "one host");
	is(r.at[1]->ip, "192.0.2.2", "the most frequent first");
	num(r.at[1]->n, 2, "twice");
	num(rehearsed_of_check(&r, 1, &events), 2, "two hosts");
	num(events, 3, "three events");
	is(r.at[2]->said, " rehearse ip=192.0.2.1 chan=a check=b code=550 "
	    "helo=\"x\"", "what was said, without its time");
	num(rehearsed_of_check(&r, 3, &events), 0, "behind the last one");
	rehearsed_free(&r);
	num(r.n, 0, "and gone");
}

int
main(void)
{
	lines();
	order();
	return done();
}

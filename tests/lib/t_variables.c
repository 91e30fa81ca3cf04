/*
 * t_variables - which are known; set, taken, and what a stranger sends.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include "lib/variables.h"
#include "tests/tap.h"

static const char *
value(const struct variables *v, const char *name)
{
	return variables_get(v, name, strlen(name));
}

static void
set_and_get(void)
{
	struct variables v = { "" };
	char big[VARIABLES_ROOM];

	ok(variables_known("RELAYCLIENT", 11) && variables_known("DATABYTES",
	    9) && variables_known("MAXRCPTCOUNT", 12) &&
	    variables_known("MAXRECIPIENTS", 13), "variables of qmail");
	ok(!variables_known("me", 2) && !variables_known("relayclient", 11) &&
	    !variables_known("RELAY", 5) && !variables_known("", 0) &&
	    !variables_known("badmailfrom", 11), "others, and its files");
	ok(!variables_any(&v) && variables_good(&v), "none");
	num(variables_set(&v, "RELAYCLIENT", ""), 0, "an empty one");
	num(variables_set(&v, "DATABYTES", "5"), 0, "one with a value");
	num(variables_set(&v, "PATH", "/"), 0, "one that is not known");
	is(value(&v, "RELAYCLIENT"), "", "is there");
	is(value(&v, "DATABYTES"), "5", "and the other");
	ok(value(&v, "PATH") == NULL && value(&v, "LOGLEVEL") == NULL,
	    "and no more");
	num(variables_set(&v, "RELAYCLIENT", "@gw"), 0, "anew");
	is(value(&v, "RELAYCLIENT"), "@gw", "is another");
	is(value(&v, "DATABYTES"), "5", "the other stays");
	ok(variables_good(&v), "as it must be");
	num(variables_set(&v, "DATABYTES", "5\n"), -1, "a control character");
	memset(big, 'x', sizeof(big));
	big[sizeof(big) - 1] = '\0';
	num(variables_set(&v, "LOGLEVEL", big), -1, "no room");
	ok(variables_good(&v) && value(&v, "LOGLEVEL") == NULL, "no harm");
	big[VARIABLES_ROOM - strlen("DATABYTES=5") - strlen("RELAYCLIENT=") -
	    3] = '\0';
	num(variables_set(&v, "RELAYCLIENT", big), 0, "the longest");
	ok(variables_good(&v), "as it must be");
	num(variables_set(&v, "LOGLEVEL", ""), -1, "then it is full");
}

static void
strangers(void)
{
	static const char *const bad[] = { "PATH=/", "RELAYCLIENT", "=",
		"DATABYTES=\x01", "DATABYTES=\xff" };
	struct variables v;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memset(&v, 0, sizeof(v));
		(void)snprintf(v.text, sizeof(v.text), "%s", bad[i]);
		ok(!variables_good(&v), bad[i]);
	}
	memset(&v, 0, sizeof(v));
	memcpy(v.text, "DATABYTES=1\0DATABYTES=2", 24);
	ok(!variables_good(&v), "the same one twice");
	memset(&v, 'x', sizeof(v));
	ok(!variables_good(&v), "without an end");
	memcpy(v.text, "DATABYTES=", 10);
	ok(!variables_good(&v), "one without an end");
	memset(&v, 'x', sizeof(v));
	memcpy(v.text, "RELAYCLIENT=", 12);
	v.text[sizeof(v.text) - 1] = '\0';
	ok(!variables_good(&v), "no empty one at the end");
}

static void
taking(void)
{
	char one[] = "PATH=/bin", two[] = "RELAYCLIENT=", three[] =
	    "DATABYTES=7", four[] = "LOGLEVEL=\t", odd[] = "DATABYTES";
	char *good[] = { one, two, odd, three, NULL };
	char *bad[] = { two, four, NULL };
	char *picked[VARIABLES_MOST + 1];
	struct variables v;
	const char *name = "";

	num(variables_take(&v, good, &name), 0, "an environment");
	is(value(&v, "RELAYCLIENT"), "", "its first one");
	is(value(&v, "DATABYTES"), "7", "its second one");
	num(variables_take(&v, bad, &name), -1, "a bad one");
	is(name, four, "is named");
	variables_pick(good, picked);
	ok(picked[0] == two && picked[1] == three && picked[2] == NULL,
	    "those to hand on");
}

int
main(void)
{
	set_and_get();
	strangers();
	taking();
	return done();
}

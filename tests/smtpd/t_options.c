/* options: every command line of MMDF's smtpd(8), and ours. */
#include "config.h"

#include <unistd.h>

#include "smtpd/options.h"
#include "tests/tap.h"

static struct options o;

static int
parse(bool connected, const char *a, const char *b, const char *c,
    const char *d, const char *e, const char *f)
{
	static char text[8][64];
	const char *given[] = { "smtpd", a, b, c, d, e, f, NULL };
	char *argv[9];
	int n = 0;

	for (; given[n] != NULL; n++) {
		snprintf(text[n], sizeof text[n], "%s", given[n]);
		argv[n] = text[n];
	}
	argv[n] = NULL;
	optind = 0;
	return options_parse(&o, n, argv, connected);
}

int
main(void)
{
	char here[200], want[sizeof here + 2];

	num(parse(false, NULL, NULL, NULL, NULL, NULL, NULL), 0, "no words");
	ok(!o.operands && o.smtpsrvr == NULL && o.tailor.most == NULL,
	    "nothing is set");

	num(parse(false, "-f", "-n", "9", "/usr/mmdf/chans/smtpsrvr",
	    "local,smtp", NULL), 0, "4.2");
	ok(o.tailor.finicky && o.operands, "finicky, operands");
	is(o.tailor.most, "9", "-n");
	is(o.programs, "/usr/mmdf/chans", "programs stand beside smtpsrvr");
	is(o.tailor.channels, "local,smtp", "channels");

	num(parse(false, "/c/smtpsrvr", "smtp", "26", "8", "127.0.0.1", NULL),
	    0, "4.1 and 5.2");
	is(o.tailor.port, "26", "port");
	is(o.tailor.most, "8", "maxconnects");
	is(o.tailor.network, "127.0.0.1", "network");

	num(parse(true, "-f", "./smtpsrvr", "smtp", NULL, NULL, NULL), 0,
	    "4.3");
	ok(!o.sun && o.tailor.finicky, "one connection, finicky");
	ok(getcwd(here, sizeof here) != NULL, "where we are");
	snprintf(want, sizeof want, "%s/.", here);
	is(o.programs, want, "a relative smtpsrvr: beside it, from here");
	num(parse(false, "smtpsrvr", "smtp", NULL, NULL, NULL, NULL), 0,
	    "a name without a folder");
	is(o.programs, here, "is in this one");
	num(parse(false, "/smtpsrvr", NULL, NULL, NULL, NULL, NULL), 0,
	    "in the root folder");
	is(o.programs, "/", "so are the others");

	num(parse(true, "c0000201.1025", NULL, NULL, NULL, NULL, NULL), 0,
	    "sun");
	ok(o.sun, "is known by its form");
	is(o.tailor.channels, "smtp", "its channel is smtp");
	num(parse(false, "c0000201.1025", NULL, NULL, NULL, NULL, NULL), 0,
	    "without a connection");
	ok(!o.sun, "it is the path of smtpsrvr");

	num(parse(false, "-d", "-C", "f", "-p", "2525", NULL), 0, "ours");
	ok(o.debug, "-d");
	is(o.tailor.file, "f", "-C");
	is(o.tailor.port, "2525", "-p");
	num(parse(false, "-L", "/x", "/c/smtpsrvr", NULL, NULL, NULL), 0,
	    "-L");
	is(o.programs, "/x", "wins over the folder of smtpsrvr");

	num(parse(false, "a", "b", "c", NULL, NULL, NULL), -1,
	    "three operands are none of the forms");
	num(parse(false, "-x", NULL, NULL, NULL, NULL, NULL), -1,
	    "an unknown option");
	return done();
}

/*
 * request: options in every spelling, before and behind the command; what is
 * not known is refused, with the nearest name.
 */
#include "config.h"

#include <stdlib.h>
#include "lib/xalloc.h"
#include "tests/tap.h"
#include "tools/request.h"

#define WORDS 8
#define ALL (TAKES_COMMON | TAKES_JSON | TAKES_LISTENER | TAKES_DEBUG | \
	TAKES_FINICKY | TAKES_MOST)

struct line {
	char *words[WORDS + 1];
	int n, used, result;
	struct request r;
	char why[128];
};

/* A command line with blanks between its words. */
static struct line
parse(const char *text, unsigned takes, bool stop)
{
	static struct line l;	/* the request points into it */
	size_t len;

	l = (struct line){ .n = 0 };
	for (; *text != '\0' && l.n < WORDS; text += len + (text[len] == ' ')) {
		len = strcspn(text, " ");
		l.words[l.n++] = xmemdup0(text, len);
	}
	l.result = request_parse(&l.r, takes, stop, l.n, l.words, &l.used,
	    l.why, sizeof(l.why));
	return l;
}

static void
refused(const char *text, const char *why)
{
	struct line l = parse(text, ALL, false);

	num(l.result, -1, text);
	is(l.why, why, "and why");
}

static void
spellings(void)
{
	struct line l = parse("-C a.conf -df -n5 x --listener smtp y", ALL,
	    false);

	num(l.result, 0, "all spellings of options");
	is(l.r.tailor.file, "a.conf", "-C file");
	is(l.r.tailor.most, "5", "-n5");
	is(l.r.listener, "smtp", "--listener name");
	ok(l.r.debug && l.r.tailor.finicky && !l.r.json, "-df");
	num(l.r.noperands, 2, "operands between them");
	ok(strcmp(l.r.operands[0], "x") == 0 &&
	    strcmp(l.r.operands[1], "y") == 0, "in their order");
	l = parse("--listener=a --json", ALL, false);
	is(l.r.listener, "a", "--listener=name");
	ok(l.r.json, "--json");
	l = parse("-- --json -", ALL, false);
	ok(!l.r.json && l.r.noperands == 2, "nothing is an option behind --");
	l = parse("-", ALL, false);
	num(l.r.noperands, 1, "- alone is an operand");
}

static void
before_the_command(void)
{
	struct line l = parse("-C f queue --json", TAKES_COMMON, true);

	num(l.result, 0, "stops at the command");
	num(l.used, 2, "behind the options before it");
	l = parse("--json queue", TAKES_COMMON, true);
	num(l.result, -1, "a command's own option cannot stand before it");
}

int
main(void)
{
	const char *text;

	spellings();
	before_the_command();
	refused("--jsn", "there is no option --jsn here; is --json meant?");
	refused("-x", "there is no option -x here");
	refused("-dx", "there is no option -dx here");
	refused("--changed", "there is no option --changed here");
	refused("--json=1", "--json=1: it takes no value");
	refused("--listener", "--listener: a value must follow");
	refused("-n", "-n: a value must follow");
	is(request_option(TAKES_JSON, &text), "--json", "an option by its bit");
	ok(request_option(TAKES_LAST << 1, &text) == NULL,
	    "a bit that is none");
	return done();
}

/*
 * datagram: what becomes a line, and what is marked.
 */
#include "config.h"

#include "tools/datagram.h"
#include "tests/tap.h"

static char line[DATAGRAM_LINE];
static enum log_level level;

static const char *
made(const char *p, bool session)
{
	size_t len = datagram_line(p, strlen(p), 42, session, line, &level);

	return len == strlen(line) ? line : "(wrong length)";
}

static bool
printable(size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (line[i] < 0x20 || line[i] > 0x7e)
			return false;
	return len < DATAGRAM_LINE && line[len] == '\0';
}

static void
good(void)
{
	is(made("3smtpsrvr: accept ip=192.0.2.1", false),
	    "smtpsrvr[42]: accept ip=192.0.2.1", "a line");
	num(level, LEVEL_INFO, "with its level");
	is(made("0ch_local: x", false), "ch_local[42]: x", "an underscore");
	num(level, LEVEL_ERROR, "an error");
	is(made("4a1-b: ", false), "a1-b[42]: ", "an empty event");
	is(made("3a: q=\"b\\\"c\"", false), "a[42]: q=\"b\\\"c\"",
	    "what the sender escaped stays as it is");
	is(made("3a: b\nsubmit[1]: c", false), "a[42]: b\\x0asubmit[1]: c",
	    "no second line");
	is(made("3smtpsrvr: x", true), "smtpsrvr[42]: x", "a session's line");
}

static void
bad(void)
{
	static const char *const lines[] = {
		"", "3", "3a", "3a:", "3: x", "3A: x", "5a: x", "a: x", "33: x",
		"3a b: x", "3abcdefghijklmnopqrstuvwxyz: x", "3-a: x",
		"3a:x", "3a]: x", "/a: x"
	};
	size_t i, marked = 0;

	for (i = 0; i < ARRAY_LEN(lines); i++)
		marked += strncmp(made(lines[i], false),
		    "unknown[42]: malformed line=\"", 29) == 0 &&
		    level == LEVEL_WARNING;
	num(marked, ARRAY_LEN(lines), "what has not the form is marked");
	is(made("x\"y\\z\n", false),
	    "unknown[42]: malformed line=\"x\\\"y\\\\z\\x0a\"",
	    "and quoted so that nothing gets out");
	is(made("3submit: x", true), "smtpsrvr[42]: forged line=\"3submit: x\"",
	    "a session that says it is submit");
	is(made("3smtpsrv: x", true),
	    "smtpsrvr[42]: forged line=\"3smtpsrv: x\"", "or part of itself");
	is(made("3smtpsrvrr: x", true),
	    "smtpsrvr[42]: forged line=\"3smtpsrvrr: x\"", "or more");
	is(made("x", true), "smtpsrvr[42]: malformed line=\"x\"",
	    "a session's rubbish");
}

static void
lengths(void)
{
	static const char kinds[] = { 'x', '\n', '"', '\\', '\0', (char)0xff };
	char p[LOG_LINE];
	size_t i, len, right = 0, tried = 0, out;

	for (i = 0; i < sizeof(kinds); i++) {
		for (len = 0; len <= sizeof(p); len += 31) {
			memset(p, kinds[i], sizeof(p));
			out = datagram_line(p, len, 42, false, line, &level);
			right += printable(out);
			memcpy(p, "3a: ", 4);
			out = datagram_line(p, len, 42, false, line, &level);
			right += printable(out);
			tried += 2;
		}
	}
	num(right, tried, "any bytes, any length: one printable line");
	memset(p, '\n', sizeof(p));
	memcpy(p, "3a: ", 4);
	out = datagram_line(p, sizeof(p), 42, false, line, &level);
	ok(out > 3 && strcmp(line + out - 3, "...") == 0,
	    "what is cut says so");
}

int
main(void)
{
	good();
	bad();
	lengths();
	return done();
}

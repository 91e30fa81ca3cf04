/*
 * t_relay_reply - replies whole, in pieces, and what is none.
 */
#include "config.h"

#include <stdlib.h>

#include "chans/relay_reply.h"
#include "tests/tap.h"

static struct relay_reply r;
static size_t used;
static int lines;

static void
line(void *arg, const char *text, size_t len)
{
	(void)arg;
	(void)text;
	lines += len < 1000 ? 1 : 0;
}

/* In every piece from the start there is more to come, and then it is whole. */
static void
whole(const char *p, int code, const char *enhanced, const char *text)
{
	size_t i, len = strlen(p);
	enum relay_read got;

	for (i = 0; i < len; i++) {
		got = relay_reply_read(p, i, &r, &used, NULL, NULL);
		if (got != RELAY_READ_MORE)
			break;
	}
	num(i, len, "nothing before its end");
	lines = 0;
	num(relay_reply_read(p, len, &r, &used, line, NULL), RELAY_READ_WHOLE,
	    "whole");
	num(used, len, "all of it");
	num(r.code, code, "its code");
	is(r.enhanced, enhanced, "its enhanced code");
	is(r.text, text, "its text");
}

static void
bad(const char *p, size_t len, const char *what)
{
	num(relay_reply_read(p, len, &r, &used, NULL, NULL), RELAY_READ_BAD,
	    what);
}

static void
endless(void)
{
	size_t most = RELAY_REPLY_MOST + 1024, i;
	char *p = malloc(most);

	if (p == NULL)
		return;
	memset(p, 'x', most);
	memcpy(p, "250-", 4);
	num(relay_reply_read(p, RELAY_REPLY_LINE, &r, &used, NULL, NULL),
	    RELAY_READ_MORE, "a long line may still end");
	bad(p, RELAY_REPLY_LINE + 2, "one that is too long may not");
	for (i = 0; i + 6 <= most; i += 6)
		memcpy(p + i, "250-\r\n", 6);
	bad(p, 6 * (RELAY_REPLY_LINES + 1), "too many lines");
	for (i = 0; i + 1000 <= most; i += 1000) {
		memset(p + i, 'y', 1000);
		memcpy(p + i, "250-", 4);
		memcpy(p + i + 998, "\r\n", 2);
	}
	bad(p, RELAY_REPLY_MOST, "too much of it");
	free(p);
}

int
main(void)
{
	whole("220 host ESMTP\r\n", 220, "", "host ESMTP");
	whole("250\r\n", 250, "", "");
	whole("250 \r\n", 250, "", "");
	whole("354 go\n", 354, "", "go");
	whole("550 5.1.1 no such user\r\n", 550, "5.1.1",
	    "5.1.1 no such user");
	whole("550-5.1.1 no\r\n550 5.1.1 such\r\n", 550, "5.1.1",
	    "5.1.1 no such");
	num(lines, 2, "two lines");
	whole("550-5.1.1 no\r\n550 5.1.2 other\r\n", 550, "5.1.1",
	    "5.1.1 no 5.1.2 other");
	whole("550 5.7.1\r\n", 550, "5.7.1", "5.7.1");
	whole("550 4.1.1 no\r\n", 550, "", "4.1.1 no");
	whole("550 5.1.1no\r\n", 550, "", "5.1.1no");
	whole("550 5.1234.1 no\r\n", 550, "", "5.1234.1 no");
	whole("250-a\r\n250-\r\n250 b\r\n", 250, "", "a b");
	whole("250 a\x01\x80\x7f\r\r\n", 250, "", "a????");
	num(relay_reply_read("250 a\r\n250 b\r\n", 14, &r, &used, NULL, NULL),
	    RELAY_READ_WHOLE, "of two replies");
	num(used, 7, "the first");
	bad("hello\r\n", 7, "no code");
	bad("x", 1, "no digit");
	bad("150 a\r\n", 7, "1xx");
	bad("650 a\r\n", 7, "6xx");
	bad("25 a\r\n", 6, "two digits");
	bad("2500 a\r\n", 8, "four digits");
	bad("250_a\r\n", 7, "something else behind it");
	bad("250-a\r\n251 b\r\n", 14, "two codes");
	bad("250-a\r\n\r\n", 9, "an empty line");
	bad("\r\n", 2, "nothing");
	endless();
	return done();
}

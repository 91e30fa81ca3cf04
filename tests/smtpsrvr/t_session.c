/*
 * session: whole dialogues in one process; budgets, limits, and that nothing
 * of a transaction survives its end.
 */
#include "config.h"

#include "lib/clock.h"
#include "lib/log.h"
#include "smtpsrvr/pace.h"
#include "smtpsrvr/session.h"
#include "smtpsrvr/transfer.h"
#include "tests/smtpsrvr/fixture.h"
#include "tests/tap.h"

static struct fixture f;
static char out[262144];

/* The reply codes in order, "220 250 503 ". */
static const char *
codes(const char *input)
{
	static char text[16384];
	size_t n = 0;

	fixture_session(&f);
	fixture_run(&f, input, strlen(input), '|', out, sizeof out);
	fixture_end(&f);
	for (char *p = out; p != NULL && *p != '\0' && n + 5 < sizeof text;) {
		if (strlen(p) > 3 && p[3] == ' ') {
			memcpy(text + n, p, 4);
			n += 4;
		}
		p = strchr(p, '\n');
		p = p != NULL ? p + 1 : NULL;
	}
	text[n] = '\0';
	return text;
}

static char *
many(const char *line, int n, const char *before)
{
	static char text[131072];
	size_t at = 0, len = strlen(line);

	at += (size_t)snprintf(text, sizeof text, "%s", before);
	while (n-- > 0 && at + len + 1 < sizeof text) {
		memcpy(text + at, line, len + 1);
		at += len;
	}
	return text;
}

/* What is done before a client is made to wait, or the next text is. */
static void
waits(void)
{
	struct settings set;
	struct session *s;

	fixture_session(&f);
	s = f.session;
	set = *s->set;
	set.tarpit = set.tarpit_most = 1;
	s->set = &set;
	s->lookup = dup(f.client);
	ok(s->lookup >= 0 && pace_refusal(s) == 1 && s->lookup == -1,
	    "who is tarpitted keeps no place at lookup");
	s->wire.awaited = s->tx.until = clock_ms() + 1000;
	ok(transfer_wait(s) == s->tx.until &&
	    s->wire.awaited != s->tx.until,
	    "each read of a message is a wait, at its last deadline, too");
	s->set = &s->server->conf->server.v;
	fixture_end(&f);
}

#define RCPT "RCPT TO:<postmaster@mx.test.example>\r\n"

int
main(void)
{
	log_open("test", -1, LEVEL_ERROR);
	fixture_server(&f.server);

	waits();
	is(codes(""), "220 ", "a client that says nothing");
	is(codes("QUIT\r\n"), "220 221 ", "QUIT");
	is(codes("EHLO a\r\nMAIL FROM:<>\r\n" RCPT "QUIT\r\n"),
	    "220 250 250 250 221 ", "a pipelined group");
	ok(strstr(out, "250-mx.test.example\r\n250-PIPELINING\r\n"
	    "250-SIZE 52428800\r\n250-8BITMIME\r\n250-CHUNKING\r\n"
	    "250-BINARYMIME\r\n250-HELP\r\n"
	    "250-ENHANCEDSTATUSCODES\r\n") != NULL, "EHLO's lines");
	is(codes("HELO a\r\nMAIL FROM:<>\r\n" RCPT "RSET\r\nDATA\r\nQUIT\r\n"),
	    "220 250 250 250 250 503 221 ", "RSET forgets the transaction");
	is(codes("HELO a\r\nMAIL FROM:<>\r\n" RCPT "EHLO a\r\nDATA\r\n"),
	    "220 250 250 250 250 503 ", "and so does EHLO");
	is(codes("HELO a\r\nMAIL FROM:<>\r\nRCPT TO:<x@y.example>\r\n"
	    "DATA\r\nMAIL FROM:<>\r\n"), "220 250 250 550 554 503 ",
	    "only refused recipients");
	is(codes("HELO a\r\nMAIL FROM:<>\r\nRCPT TO:<x@y.example>\r\n" RCPT
	    "DATA\r\n"), "220 250 250 550 250 354 ",
	    "one of two refused");
	is(codes("HELO a\r\nMAIL FROM:<>\r\n" RCPT "DATA\r\nx\r\n.\r\n"),
	    "220 250 250 250 554 ", "text behind DATA in one packet");
	is(codes("HELO a\r\nMAIL FROM:<>\r\n" RCPT "DATA\r\n|x\r\n.\r\n"
	    "DATA\r\n"), "220 250 250 250 354 451 503 ",
	    "submit gone: 451, and the transaction is over");
	is(codes("HELO a\r\nMAIL FROM:<>\r\n" RCPT "DATA\r\n|x\n.\r\n"
	    "QUIT\r\n"), "220 250 250 250 354 550 ",
	    "a bare LF in the text closes");
	is(codes("HELO a\nQUIT\r\n"), "220 500 ", "a bare LF ends it");
	is(codes("NOOP\rNOOP\r\nQUIT\r\n"), "220 500 ", "a bare CR too");
	is(codes("HELO a\r\nMAIL FROM:<> SIZE=99999999\r\n"),
	    "220 250 552 ", "SIZE beyond the maximum");

	is(codes(many("X\r\n", 30, "")), "220 500 500 500 500 500 500 500 "
	    "500 500 421 ", "ten unknown commands");
	is(codes(many("MAIL\r\n", 30, "")), "220 503 503 503 503 503 503 503 "
	    "503 503 503 503 503 503 503 503 503 503 503 503 421 ",
	    "twenty errors");
	ok(strstr(codes(many("RCPT TO:<x@y.example>\r\n", 130,
	    "HELO a\r\nMAIL FROM:<>\r\n")), "550 421 ") != NULL &&
	    strlen(codes(many("RCPT TO:<x@y.example>\r\n", 130,
	    "HELO a\r\nMAIL FROM:<>\r\n"))) == 4 * 103,
	    "a hundred refused recipients");
	num(strlen(codes(many("NOOP\r\n", 1000, ""))), 4 * 202,
	    "idle commands end at their limit");
	num(strlen(codes(many(RCPT, 1005, "HELO a\r\nMAIL FROM:<>\r\n"))),
	    4 * 1008, "1,005 recipients in one packet are all answered");
	ok(strstr(out, "452 4.5.3 ") != NULL, "those above 1,000 with 452");

	memset(many("", 0, ""), 'a', 100000);
	{
		static char longer[110000];

		memset(longer, 'a', 100000);
		memcpy(longer + 100000, "\r\nNOOP\r\nQUIT\r\n", 15);
		is(codes(longer), "220 500 250 221 ",
		    "a line of 100,000 bytes is answered once");
		memcpy(longer, "NOOP ", 5);
		memcpy(longer + 2046, "\r\nQUIT\r\n", 9);
		is(codes(longer), "220 250 221 ", "2,048 bytes with CRLF");
		memset(longer + 2046, 'a', 2);
		memcpy(longer + 2047, "\r\nQUIT\r\n", 9);
		is(codes(longer), "220 500 221 ", "2,049 bytes");
	}
	return done();
}

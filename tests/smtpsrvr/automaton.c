/*
 * automaton - a session by the book.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "tests/smtpsrvr/automaton.h"

static void
forget_message(struct automaton *a)
{
	a->sender = -1;
	a->ntaken = a->ntext = 0;
	a->refused = a->failed = false;
}

void
automaton_begin(struct automaton *a)
{
	memset(a, 0, sizeof *a);
	forget_message(a);
}

static struct answer
one(int code)
{
	return (struct answer){ .codes = { code }, .n = 1 };
}

/* RFC 3848; who said HELO speaks SMTP. */
static const char *
protocol(const struct automaton *a)
{
	if (!a->extended)
		return "SMTP";
	if (a->tls)
		return a->login ? "ESMTPSA" : "ESMTPS";
	return a->login ? "ESMTPA" : "ESMTP";
}

static void
add(struct automaton *a, const char *text)
{
	size_t len = strlen(a->queued);

	snprintf(a->queued + len, sizeof a->queued - len, "%s", text);
}

static void
add_mark(struct automaton *a, char kind, int at)
{
	char text[16];

	snprintf(text, sizeof text, " %c%d", kind, at);
	add(a, text);
}

static void
queue(struct automaton *a)
{
	add(a, protocol(a));
	add(a, a->login ? " login" : " -");
	add_mark(a, 'h', a->helo);
	add_mark(a, 's', a->sender);
	for (int i = 0; i < a->ntaken; i++)
		add_mark(a, 'r', a->taken[i]);
	for (int i = 0; i < a->ntext; i++)
		add_mark(a, 't', a->text[i]);
	add(a, ";");
}

/* The end of a message; whatever comes of it, the transaction is over. */
static int
end_message(struct automaton *a, enum fault f, int bad)
{
	int code = bad;

	if (f == F_SUBMIT_LATER || f == F_SUBMIT_SILENT ||
	    f == F_SUBMIT_AWAY)
		code = 451;
	if (code == 250)
		queue(a);
	forget_message(a);
	return code;
}

static struct answer
mail(struct automaton *a, bool bad, int at)
{
	if (!a->hello || a->sender >= 0)
		return one(503);
	if (bad)
		return one(501);
	a->sender = at;
	return one(250);
}

static struct answer
rcpt(struct automaton *a, bool bad, enum fault f, int at)
{
	if (a->sender < 0 || a->failed || a->ntext > 0)
		return one(503);
	if (bad || f == F_TABLE) {
		a->refused = true;
		return one(bad && f != F_TABLE ? 550 : 451);
	}
	a->taken[a->ntaken++] = at;
	return one(250);
}

static struct answer
data(struct automaton *a, int verdict, enum fault f, int at)
{
	struct answer x = { .codes = { 354 }, .n = 2 };

	if (a->sender < 0 || a->failed || a->ntext > 0)
		return one(503);
	if (a->ntaken == 0)
		return one(a->refused ? 554 : 503);
	if (f == F_CUT) {
		x.n = 1;
		x.ends = true;
	} else if (f == F_BARE) {
		x.codes[1] = 550;
		x.ends = true;
	} else {
		a->text[a->ntext++] = at;
		x.codes[1] = end_message(a, f, verdict);
	}
	return x;
}

/* A chunk out of its turn loses the message that is under way, too. */
static struct answer
chunk(struct automaton *a, bool bad, bool last, enum fault f, bool big,
    int at)
{
	int code = 250;

	if (f == F_CUT)
		return (struct answer){ .n = 0, .ends = true };
	if (a->sender < 0)
		return one(503);
	if (a->failed)
		code = 503;
	else if (a->ntaken == 0)
		code = a->refused ? 554 : 503;
	else if (bad)
		code = 550;
	else if (big && f == F_SUBMIT_AWAY)
		code = 451;
	a->text[a->ntext++] = at;
	if (last && code == 250)
		return one(end_message(a, f, code));
	if (last)
		forget_message(a);
	else if (code != 250)
		a->failed = true;
	return one(code);
}

static struct answer
starttls(struct automaton *a, enum fault f)
{
	if (!a->hello || a->sender >= 0 || a->tls)
		return one(503);
	if (f == F_TLS_AWAY)
		return one(454);
	if (f == F_TLS_BROKEN)
		return (struct answer){ .codes = { 220 }, .n = 1,
		    .ends = true };
	a->tls = true;
	a->hello = a->extended = a->login = false;
	return one(220);
}

static struct answer
auth(struct automaton *a, enum fault f)
{
	if (!a->extended || a->sender >= 0 || a->login)
		return one(503);
	if (f == F_AUTH_NO)
		return one(535);
	if (f == F_AUTH_LATER)
		return one(454);
	if (f == F_AUTH_BARRED)
		return (struct answer){ .codes = { 421 }, .n = 1,
		    .ends = true };
	a->login = true;
	return one(235);
}

struct answer
automaton_step(struct automaton *a, enum letter l, enum fault f, bool big,
    int at)
{
	switch (l) {
	case A_EHLO:
	case A_HELO:
		forget_message(a);
		a->hello = true;
		a->extended = l == A_EHLO;
		a->helo = at;
		return one(250);
	case A_MAIL:
	case A_BAD_MAIL:
		return mail(a, l == A_BAD_MAIL, at);
	case A_RCPT:
	case A_BAD_RCPT:
		return rcpt(a, l == A_BAD_RCPT, f, at);
	case A_DATA:
	case A_BAD_DATA:
		return data(a, l == A_DATA ? 250 : 554, f, at);
	case A_BDAT:
	case A_BAD_BDAT:
	case A_LAST:
	case A_BAD_LAST:
		return chunk(a, l == A_BAD_BDAT || l == A_BAD_LAST,
		    l == A_LAST || l == A_BAD_LAST, f, big, at);
	case A_RSET:
		forget_message(a);
		return one(250);
	case A_VRFY:
		return one(252);
	case A_STARTTLS:
		return starttls(a, f);
	case A_AUTH:
		return auth(a, f);
	case A_NOOP:
		return one(250);
	case A_UNKNOWN:
	case A_LETTERS:
		break;
	}
	return one(500);
}

/*
 * commands: every verb in every state, looped from the table; and that every
 * refusal that the table names is the one that is said.
 */
#include "config.h"

#include "lib/log.h"
#include "smtpsrvr/commands.h"
#include "tests/smtpsrvr/fixture.h"
#include "tests/tap.h"

static const char *const states[STATE_COUNT] = { "START", "READY", "MAIL",
	"REFUSED", "RCPT", "CHUNKS", "FAILED" };

/* An argument that the command takes. */
static const char *
argument(const struct command *c)
{
	switch (c->argument) {
	case NONE:
	case OPTIONAL:
		return "";
	case REQUIRED:
		return " x.example";
	case FROM_PATH:
		return " FROM:<a@client.example>";
	case TO_PATH:
		return " TO:<postmaster@mx.test.example>";
	case CHUNK:
		return " 0";
	case ATTRIBUTES:
		return " NAME=[UNAVAILABLE]";
	}
	return "";
}

/* The protocol that sessions speak. */
static bool lmtp;

/* What is said to the line in that state. */
static const char *
said(struct fixture *f, enum session_state state, const char *verb,
    const char *rest)
{
	static char text[WIRE_OUT + 1];
	char line[256];
	struct session *s;

	fixture_session(f);
	s = f->session;
	s->set = server_settings(&f->server, 0, 0);
	s->source.channel = 0;
	s->offer.verbs_off &= ~(UINT64_C(1) << VERB_ETRN |
	    UINT64_C(1) << VERB_AUTH);
	session_reset(s);
	s->state = state;
	s->tx.params.body = "";
	s->lmtp = lmtp;
	s->wire.used = 0;
	shutdown(f->client, SHUT_WR);
	snprintf(line, sizeof line, "%s%s", verb, rest);
	command_run(s, line, strlen(line));
	memcpy(text, s->wire.replies, s->wire.used);
	text[s->wire.used] = '\0';
	/* DATA says 354 and reads on: that went out already. */
	if (s->wire.used == 0) {
		ssize_t n = recv(f->client, text, sizeof text - 1,
		    MSG_DONTWAIT);

		text[n > 0 ? n : 0] = '\0';
	}
	fixture_end(f);
	return text;
}

static bool
begins_with_reply(const char *text, enum reply_name name)
{
	struct reply r;
	char want[64];

	reply_set(&r, name, "", "");
	snprintf(want, sizeof want, "%d %s ", r.code, r.enhanced);
	return strncmp(text, want, strlen(want)) == 0 &&
	    strncmp(text + strlen(want), r.text, strlen(r.text)) == 0;
}

/* Its handler has answered; some have nothing to offer here. */
static bool
taken(const char *got)
{
	return got[0] == '2' || got[0] == '3' ||
	    strncmp(got, "502 5.5.1 Lists", 15) == 0 ||
	    strncmp(got, "502 5.5.1 START", 15) == 0 ||
	    strncmp(got, "502 5.5.1 AUTH", 14) == 0 ||
	    strncmp(got, "459 4.7.1 ", 10) == 0;
}

static void
every_cell(struct fixture *f)
{
	char what[64];

	for (size_t i = 0; i < commands_count; i++)
		for (int st = 0; st < STATE_COUNT; st++) {
			const struct command *c = &commands[i];
			int cell = c->in_state[st];
			const char *got;

			lmtp = c->spoken == LMTP;
			got = said(f, (enum session_state)st, c->verb,
			    argument(c));

			snprintf(what, sizeof what, "%s in %s", c->verb,
			    states[st]);
			if (cell != COMMAND_TAKEN)
				ok(begins_with_reply(got,
				    (enum reply_name)cell), what);
			else
				ok(taken(got), what);
		}
}

static void
arguments(struct fixture *f)
{
	for (size_t i = 0; i < commands_count; i++) {
		const struct command *c = &commands[i];
		enum session_state st = STATE_READY;
		const char *got;
		char what[64];

		while (c->in_state[st] != COMMAND_TAKEN)
			st++;
		if (c->argument == OPTIONAL)
			continue;
		lmtp = c->spoken == LMTP;
		got = said(f, st, c->verb, c->argument == NONE ? " x" : "");
		snprintf(what, sizeof what, "%s with a wrong argument",
		    c->verb);
		ok(strncmp(got, "501 5.5.4 Syntax: ", 18) == 0, what);
	}
}

/* RFC 2033 4.1, 4.2. */
static void
in_lmtp(struct fixture *f)
{
	lmtp = true;
	ok(begins_with_reply(said(f, STATE_START, "EHLO", " x"),
	    REPLY_UNKNOWN_COMMAND), "LMTP has no EHLO");
	ok(begins_with_reply(said(f, STATE_START, "MAIL", " FROM:<>"),
	    REPLY_NEED_LHLO), "and wants LHLO");
	ok(begins_with_reply(said(f, STATE_REFUSED, "DATA", ""),
	    REPLY_NEED_RCPT), "DATA without a recipient is 503");
	ok(said(f, STATE_REFUSED, "BDAT", " 0 LAST")[0] == '\0',
	    "and BDAT has no reply");
	lmtp = false;
	ok(begins_with_reply(said(f, STATE_START, "LHLO", " x"),
	    REPLY_UNKNOWN_COMMAND), "SMTP has no LHLO");
}

static void
lines(struct fixture *f)
{
	ok(strncmp(said(f, STATE_READY, "WHAT", ""), "500 5.5.1 ", 10) == 0,
	    "an unknown verb");
	ok(strncmp(said(f, STATE_READY, "", ""), "500 5.5.1 ", 10) == 0,
	    "an empty line");
	ok(strncmp(said(f, STATE_READY, "nOoP", ""), "250 ", 4) == 0,
	    "any case");
	ok(strncmp(said(f, STATE_READY, "NOOP", "  "), "250 ", 4) == 0,
	    "blanks at the end");
	ok(strncmp(said(f, STATE_READY, "NOOP", " a\tb"), "501 5.5.2 ",
	    10) == 0, "a control character");
	ok(strncmp(said(f, STATE_READY, "HELO", " \xc3\xa4"), "501 5.5.2 ",
	    10) == 0, "8-bit in HELO");
	ok(strncmp(said(f, STATE_READY, "MAIL", " FROM:<\xc3\xa4@b.c>"),
	    "553 5.6.7 ", 10) == 0, "8-bit in an address");
	ok(strncmp(said(f, STATE_READY, "GET", " / HTTP/1.1"), "421 4.7.0 ",
	    10) == 0, "another protocol");
	ok(strncmp(said(f, STATE_READY, "MAIL", " FROM: <a@b.c>"),
	    "250 2.1.0 ", 10) == 0, "a blank behind the colon");
	ok(strncmp(said(f, STATE_READY, "MAIL", " <a@b.c>"), "501 5.5.4 ",
	    10) == 0, "MAIL without FROM");
	ok(strncmp(said(f, STATE_READY, "HELO", " a;b"), "501 5.5.4 ",
	    10) == 0, "a name that could be mistaken");
	ok(strncmp(said(f, STATE_MAIL, "RCPT", " TO:<x@elsewhere.example>"),
	    "550 5.7.1 ", 10) == 0, "relaying");
}

int
main(void)
{
	static struct fixture f;

	log_open("test", -1, LEVEL_ERROR);
	fixture_server(&f.server);
	every_cell(&f);
	arguments(&f);
	in_lmtp(&f);
	lines(&f);
	return done();
}

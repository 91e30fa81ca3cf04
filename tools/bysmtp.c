/*
 * bysmtp - SMTP (RFC 5321) on standard input and output.
 *
 * Runs as its caller, without any privilege: submit decides.  Its replies are
 * passed on.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include "lib/path.h"
#include "lib/poster.h"
#include "lib/text.h"
#include "tools/bysmtp.h"
#include "tools/outgoing.h"

#define LINE 2048		/* a command */

struct talk {
	const struct bysmtp *s;
	struct poster p;
	bool open;		/* a message is begun */
	size_t recipients;
	char sender[PATH_TEXT];
};

static void
say(const char *text)
{
	printf("%s\r\n", text);
	fflush(stdout);
}

/* What submit said; with the trouble of a connection that is gone. */
static void
pass_on(struct talk *t, int got)
{
	const struct reply *r = &t->p.verdict.reply;

	if (got < 0) {
		poster_close(&t->p);
		t->open = false;
		say("451 4.3.0 The mail system is not there, try again later");
		return;
	}
	printf("%d %s%s%s\r\n", r->code, r->enhanced,
	    r->enhanced[0] != '\0' ? " " : "", r->text);
	fflush(stdout);
}

static void
forget(struct talk *t)
{
	if (t->open)
		poster_close(&t->p);
	t->open = false;
	t->recipients = 0;
}

/* "FROM:<path> BODY=8BITMIME": the path; -1 if it is none (said). */
static int
take_path(const char *text, enum path_kind kind, char dst[PATH_TEXT],
    const char **rest_r)
{
	struct mailbox m;
	size_t end;

	while (*text == ' ')
		text++;
	if (path_parse(text, strlen(text), kind, &m, &end) != PATH_OK) {
		say("501 5.1.3 That is no address");
		return -1;
	}
	path_text(&m, dst);
	*rest_r = text + end;
	return 0;
}

static void
on_mail(struct talk *t, const char *text)
{
	struct sub_envelope e = { .sender = t->sender, .size = -1 };
	const char *rest;
	int got;

	if (t->open) {
		say("503 5.5.1 One message after the other");
		return;
	}
	if (!text_begins(text, "FROM:")) {
		say("501 5.5.4 MAIL FROM:<address>");
		return;
	}
	if (take_path(text + 5, PATH_REVERSE, t->sender, &rest) != 0)
		return;
	while (*rest == ' ')
		rest++;
	if (text_same(rest, "BODY=8BITMIME"))
		e.body = "8BITMIME";
	else if (rest[0] != '\0' && !text_same(rest, "BODY=7BIT")) {
		say("555 5.5.4 That parameter is not known here");
		return;
	}
	if (poster_open(&t->p, t->s->socket) != 0) {
		say("451 4.3.0 The mail system is not there, try again later");
		return;
	}
	t->open = true;
	got = poster_sender(&t->p, &e);
	pass_on(t, got);
	if (got > 0)
		forget(t);
}

static void
on_rcpt(struct talk *t, const char *text)
{
	char to[PATH_TEXT];
	struct sub_recipient r = { .address = to };
	const char *rest;
	int got;

	if (!t->open) {
		say("503 5.5.1 MAIL comes first");
		return;
	}
	if (!text_begins(text, "TO:")) {
		say("501 5.5.4 RCPT TO:<address>");
		return;
	}
	if (take_path(text + 3, PATH_FORWARD, to, &rest) != 0)
		return;
	if (rest[strspn(rest, " ")] != '\0') {
		say("555 5.5.4 That parameter is not known here");
		return;
	}
	got = poster_recipient(&t->p, &r);
	t->recipients += got == 0;
	pass_on(t, got);
}

static void
on_text(struct talk *t, struct outgoing *m)
{
	struct outgoing_facts f = { .from = t->sender[0] != '\0' ? t->sender :
	    t->s->from, .name = "", .host = t->s->host };
	char why[300];

	if (outgoing_make(m, &f, NULL, why, sizeof why) != 0) {
		say("554 5.6.0 The header is too long");
		forget(t);
	} else if (poster_text(&t->p, m->header.p, m->header.len) != 0 ||
	    poster_text(&t->p, m->body, m->body_len) != 0)
		pass_on(t, -1);
	else {
		pass_on(t, poster_commit(&t->p));
		forget(t);
	}
}

/* False: the input has ended. */
static bool
on_data(struct talk *t)
{
	struct outgoing m;
	bool good;

	if (!t->open || t->recipients == 0) {
		say("503 5.5.1 MAIL and RCPT come first");
		return true;
	}
	say("354 Go ahead, and end with a line of one dot");
	outgoing_init(&m);
	good = outgoing_read(&m, stdin, OUTGOING_SMTP, t->s->most) == 0;
	if (good)
		on_text(t, &m);
	else if (errno == EFBIG) {
		say("552 5.3.4 That is too large");
		forget(t);
		good = true;
	}
	outgoing_free(&m);
	return good;
}

/* What needs no argument and changes nothing; false if it is none of these. */
static bool
simple(struct talk *t, const char *line)
{
	if (text_begins(line, "HELO")) {
		forget(t);
		printf("250 %s\r\n", t->s->host);
		fflush(stdout);
	} else if (text_begins(line, "EHLO")) {
		forget(t);
		printf("250-%s\r\n250-8BITMIME\r\n250-PIPELINING\r\n"
		    "250 ENHANCEDSTATUSCODES\r\n", t->s->host);
		fflush(stdout);
	} else if (text_begins(line, "RSET")) {
		forget(t);
		say("250 2.0.0 Forgotten");
	} else if (text_begins(line, "NOOP"))
		say("250 2.0.0 Nothing was done");
	else if (text_begins(line, "VRFY"))
		say("252 2.5.0 Send it, and see");
	else if (text_begins(line, "HELP"))
		say("214 2.0.0 See sendmail(1)");
	else
		return false;
	return true;
}

/* False where it is over. */
static bool
command(struct talk *t, const char *line)
{
	if (text_same(line, "QUIT")) {
		say("221 2.0.0 Bye");
		return false;
	}
	if (text_same(line, "DATA"))
		return on_data(t);
	if (text_begins(line, "MAIL "))
		on_mail(t, line + 5);
	else if (text_begins(line, "RCPT "))
		on_rcpt(t, line + 5);
	else if (!simple(t, line))
		say("500 5.5.1 There is no such command here");
	return true;
}

int
bysmtp_run(const struct bysmtp *s)
{
	struct talk t = { .s = s, .open = false };
	char line[LINE];
	size_t n;
	bool on = true;

	printf("220 %s ESMTP Inlet\r\n", s->host);
	fflush(stdout);
	while (on && fgets(line, sizeof line, stdin) != NULL) {
		n = strcspn(line, "\r\n");
		if (line[n] == '\0') {
			say("500 5.5.2 That line is too long");
			forget(&t);
			return EX_PROTOCOL;
		}
		line[n] = '\0';
		on = command(&t, line);
	}
	forget(&t);
	return ferror(stdin) ? EX_IOERR : EX_OK;
}

/*
 * t_outgoing - what becomes of a message on its way out.
 */
#include "config.h"

#include <stdlib.h>

#include "tests/tap.h"
#include "tools/outgoing.h"

static const struct outgoing_facts facts = { .from = "jo@here.example",
    .name = "Jo \"J.\" Doe", .host = "here.example" };

/* Header (but what is added with a date) and body, from text. */
static bool
make(struct outgoing *o, const char *text, enum outgoing_end end,
    struct addresses *to, char *why, size_t size)
{
	FILE *f = tmpfile();
	bool good;

	outgoing_init(o);
	if (f == NULL || fputs(text, f) == EOF)
		return false;
	rewind(f);
	good = outgoing_read(o, f, end, 1000000) == 0 &&
	    outgoing_make(o, &facts, to, why, size) == 0;
	fclose(f);
	return good;
}

static bool
has(const struct outgoing *o, const char *s)
{
	return strstr(buf_str(&o->header), s) != NULL;
}

static void
headers(void)
{
	static const struct {
		const char *from, *header, *body;
	} rows[] = {
		{ "Subject: x\n\nbody\n", "Subject: x\n", "body\n" },
		{ "Subject: x\r\n y\r\n\r\nbody\r\n", "Subject: x\n y\n",
		    "body\n" },
		{ "hello\nworld\n", "", "hello\nworld\n" },
		{ "", "", "" }, { "\nbody", "", "body\n" },
		{ "From jo Mon\nSubject: x\n\nb\n", "Subject: x\n", "b\n" },
		{ "Subject: x\nno field\n", "Subject: x\n", "no field\n" },
		{ "Bcc: a@x,\n b@x\nReturn-Path: <c@x>\nA: b\n\n", "A: b\n",
		    "" },
		{ "A: b\n\n.\nmore\n", "A: b\n", "" },
		{ "A: b\n\n..\n .\n", "A: b\n", "..\n .\n" },
		{ "A\t: b\n\n", "A\t: b\n", "" },
	};
	struct outgoing o;
	char why[200], name[40];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		snprintf(name, sizeof name, "row %zu", i);
		ok(make(&o, rows[i].from, OUTGOING_DOT, NULL, why, sizeof why),
		    name);
		ok(strncmp(buf_str(&o.header), rows[i].header,
		    strlen(rows[i].header)) == 0 &&
		    strncmp(o.header.p + strlen(rows[i].header),
		    "From: \"Jo \\\"J.\\\" Doe\" <jo@here.example>\nDate: ",
		    45) == 0, "header, and what it lacks");
		ok(strcmp(o.header.p + o.header.len - 2, "\n\n") == 0 &&
		    has(&o, "\nMessage-ID: <"), "its end");
		num(o.body_len, strlen(rows[i].body), "body");
		is(o.body, rows[i].body, "body");
		outgoing_free(&o);
	}
	ok(make(&o, "from: a@b\nDATE: x\nMessage-Id: <y>\n\n",
	    OUTGOING_DOT, NULL, why, sizeof why), "complete");
	is(buf_str(&o.header), "from: a@b\nDATE: x\nMessage-Id: <y>\n\n",
	    "nothing is added");
	ok(!o.eight, "7 bits");
	outgoing_free(&o);
	ok(make(&o, "A: b\n\n\344\n.\nx\n", OUTGOING_FILE, NULL, why,
	    sizeof why), "8 bits");
	ok(o.eight, "are seen");
	is(o.body, "\344\n.\nx\n", "a dot may stay");
	outgoing_free(&o);
}

static void
recipients(void)
{
	struct addresses to = { .n = 0 };
	struct outgoing o;
	char why[200] = "";

	ok(make(&o, "To: a@x.example,\n (c) b\nCc: G: c@x.example;\n"
	    "bcc: d@x.example\n\n", OUTGOING_DOT, &to, why, sizeof why),
	    "taken");
	num(to.n, 4, "all of them");
	is(to.n == 4 ? to.at[1] : "", "b@here.example", "short ones, too");
	ok(!has(&o, "d@x.example") && has(&o, "c@x.example"), "Bcc is gone");
	addresses_free(&to);
	outgoing_free(&o);
	ok(make(&o, "To: a@x.example\nResent-To: b@x.example\n"
	    "Resent-Bcc: c@x.example\n\n", OUTGOING_DOT, &to, why, sizeof why),
	    "sent again");
	num(to.n, 2, "to those of Resent- fields");
	ok(!has(&o, "c@x.example"), "Resent-Bcc is gone");
	addresses_free(&to);
	outgoing_free(&o);
	ok(!make(&o, "To: a b c\n\n", OUTGOING_DOT, &to, why, sizeof why),
	    "no address");
	is(why, "To: a name has no address in angle brackets", "and why");
	addresses_free(&to);
	outgoing_free(&o);
}

static void
smtp(void)
{
	struct outgoing o;
	char why[200];

	ok(make(&o, "A: b\r\n\r\n..\r\n.x\r\n...\r\n.\r\nQUIT\r\n",
	    OUTGOING_SMTP, NULL, why, sizeof why), "SMTP");
	is(o.body, ".\nx\n..\n", "a dot is taken off each line");
	outgoing_free(&o);
	ok(!make(&o, "A: b\n\nx\n", OUTGOING_SMTP, NULL, why, sizeof why),
	    "SMTP without the dot");
	outgoing_free(&o);
}

static void
large(void)
{
	FILE *f = tmpfile();
	struct outgoing o;
	char rest[20] = "";

	outgoing_init(&o);
	ok(f != NULL && fputs("0123456789\n", f) != EOF, "a file");
	if (f != NULL) {
		rewind(f);
		ok(outgoing_read(&o, f, OUTGOING_DOT, 8) == -1,
		    "larger than most");
		outgoing_free(&o);
		rewind(f);
		ok(fputs("0123456789\n.x\nx.\n..\n.\nQUIT\n", f) != EOF,
		    "another");
		rewind(f);
		outgoing_init(&o);
		ok(outgoing_read(&o, f, OUTGOING_SMTP, 8) == -1,
		    "too large for SMTP");
		ok(fgets(rest, sizeof rest, f) != NULL, "all of it is read");
		is(rest, "QUIT\n", "up to the dot");
		fclose(f);
	}
	outgoing_free(&o);
}

int
main(void)
{
	headers();
	recipients();
	smtp();
	large();
	return done();
}

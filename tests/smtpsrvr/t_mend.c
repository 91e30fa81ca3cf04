/*
 * t_mend - headers with and without what they should have: in whatever pieces
 * they come, with LF and with CRLF; and that twice is as once.
 */
#include "config.h"

#include <stdlib.h>
#include "lib/xalloc.h"
#include "smtpsrvr/mend.h"
#include "tests/tap.h"

#define ALL (MEND_DATE | MEND_ID | MEND_FROM | MEND_BCC | MEND_ADDRESSES)
#define FROM "From: me@here.test\n"
#define DATE "Date: now\n"
#define ID "Message-ID: <1@here.test>\n"

static char wrong[200];

static void
run(const char *text, size_t len, size_t piece, int what, bool crlf,
    struct buf *to)
{
	struct mend m = { .facts = { .what = what, .date = "now",
	    .id = "<1@here.test>", .from = "me@here.test",
	    .domain = "here.test", .crlf = crlf } };
	size_t used;
	struct buf out;

	buf_init(&out, MEND_OUT);
	buf_reset(to);
	while (len > 0 && !m.over) {
		mend_take(&m, text, len < piece ? len : piece, &used, &out);
		(void)!buf_add(to, out.p, out.len);
		buf_reset(&out);
		text += used;
		len -= used;
	}
	mend_end(&m, &out);
	(void)!buf_add(to, out.p, out.len);
	(void)!buf_add(to, text, len);
	snprintf(wrong, sizeof(wrong), "%s", m.wrong);
	mend_free(&m);
	buf_free(&out);
}

/* LF to CRLF. */
static char *
binary(const char *text)
{
	char *copy = xmalloc(2 * strlen(text) + 1), *p = copy;

	for (; *text != '\0'; text++) {
		if (*text == '\n')
			*p++ = '\r';
		*p++ = *text;
	}
	*p = '\0';
	return copy;
}

static void
check(const char *text, int what, bool crlf, const char *want)
{
	struct buf b, again;
	size_t len = strlen(text), piece;

	buf_init(&b, 1 << 20);
	buf_init(&again, 1 << 20);
	for (piece = 1; piece < len; piece++) {
		run(text, len, piece, what, crlf, &b);
		if (strcmp(buf_str(&b), want) != 0)
			break;
	}
	run(text, len, piece, what, crlf, &b);
	is(buf_str(&b), want, crlf ? "with CRLF" : "with LF");
	run(buf_str(&b), b.len, MEND_PIECE, what, crlf, &again);
	is(buf_str(&again), want, "and again");
	buf_free(&b);
	buf_free(&again);
}

static void
mends(const char *text, int what, const char *want)
{
	char *in = binary(text), *out = binary(want);

	check(text, what, false, want);
	check(in, what, true, out);
	free(in);
	free(out);
}

static void
missing(void)
{
	mends("Subject: x\n\nbody\n", MEND_DATE, "Subject: x\n" DATE
	    "\nbody\n");
	mends("Subject: x\n\nbody\n", MEND_DATE | MEND_ID, "Subject: x\n" DATE
	    ID "\nbody\n");
	mends("Subject: x\n\nbody\n", MEND_FROM, "Subject: x\n" FROM
	    "\nbody\n");
	mends("dAtE : x\nmessage-id:\n y\n\nDate: z\n", MEND_DATE | MEND_ID,
	    "dAtE : x\nmessage-id:\n y\n\nDate: z\n");
	mends("\nbody\n", MEND_DATE, DATE "\nbody\n");
	mends("body\n", MEND_DATE, DATE "\nbody\n");
	mends("A: b\nbody: no, \x01 field\nend\n", MEND_ID,
	    "A: b\nbody: no, \x01 field\n" ID "\nend\n");
	mends("A: b\n", MEND_ID, "A: b\n" ID);
	mends("A: b\nC", MEND_ID, "A: b\n" ID "\nC");
	mends("", MEND_ID, ID);
	mends("From x Mon\nA: b\n\n", MEND_ID, "From x Mon\nA: b\n" ID "\n");
	mends("A: b\nX-Date: x\nDate-X: y\n\n", MEND_DATE,
	    "A: b\nX-Date: x\nDate-X: y\n" DATE "\n");
	mends("A: b\nbody\n", 0, "A: b\nbody\n");
}

static void
resent(void)
{
	mends("Received: r\nResent-From: a@b\nResent-To: c@d\nReceived: s\n"
	    "Subject: x\n\n", MEND_DATE | MEND_ID | MEND_FROM,
	    "Received: r\nResent-From: a@b\nResent-To: c@d\nResent-" DATE
	    "Resent-" ID "Received: s\nSubject: x\n\n");
	mends("Resent-To: a@b\nResent-Date: x\nResent-To: c@d\nSubject: x\n"
	    "\n", MEND_DATE | MEND_ID, "Resent-To: a@b\nResent-Date: x\n"
	    "Resent-" ID "Resent-To: c@d\nSubject: x\n\n");
	mends("Subject: x\nResent-To: a@b\n\n", MEND_DATE,
	    "Subject: x\nResent-To: a@b\nResent-" DATE "\n");
	mends("Resent-Bcc: a@b\nSubject: x\n\n", MEND_DATE | MEND_BCC,
	    "Resent-" DATE "Subject: x\n\n");
}

static void
hidden(void)
{
	mends("To: a@b\nBcc: c@d,\n e@f\nX: y\n\nBcc: z\n", MEND_BCC,
	    "To: a@b\nX: y\n\nBcc: z\n");
	mends("bcc:\n\n", MEND_BCC, "\n");
	mends("A: b\nBcc: x", MEND_BCC | MEND_DATE, "A: b\n" DATE);
	mends("Bcc: x\n", 0, "Bcc: x\n");
}

static void
completed(void)
{
	mends("To: jo, Ann <ann>, x@y.test,\n \"a b\" (c), G: me;, <>\n\n",
	    MEND_ADDRESSES, "To: jo, Ann <ann>, x@y.test,\n \"a b\" (c), G: "
	    "me;, <>\n\n");
	mends("To: jo, Ann <ann (c)>, x@y.test,\n \"a b\" (c), G: me;\n\n",
	    MEND_ADDRESSES, "To: jo@here.test, Ann <ann@here.test (c)>, "
	    "x@y.test,\n \"a b\"@here.test (c), G: me@here.test;\n\n");
	mends("FROM : jo\nSubject: jo\nresent-reply-to:\n jo\n\nTo: jo\n",
	    MEND_ADDRESSES, "FROM : jo@here.test\nSubject: jo\n"
	    "resent-reply-to:\n jo@here.test\n\nTo: jo\n");
	mends("Cc: Undisclosed recipients:;\nSender: Two Words\n\n",
	    MEND_ADDRESSES, "Cc: Undisclosed recipients:;\n"
	    "Sender: Two Words\n\n");
	mends("To: jo", MEND_ADDRESSES | MEND_DATE, "To: jo@here.test\n" DATE);
}

static void
refused(const char *text, const char *want)
{
	struct buf b;

	buf_init(&b, 1 << 20);
	run(text, strlen(text), 4096, MEND_ADDRESSES | MEND_STRICT, false,
	    &b);
	is(wrong, want, text);
	is(buf_str(&b), text, "and it is as it was");
	buf_free(&b);
}

static void
strict(void)
{
	refused("To: jo@x.test\n\n", "");
	refused("To: jo@[192.0.2.1]\n\n", "");
	refused("To: jo@mail\n\n", "To: a domain is not fully qualified");
	refused("To : jo@x.test, (\nFrom: <\n\n",
	    "To: a comment does not end");
	refused("To: a b\n\n", "To: a name has no address in angle brackets");
	refused("Subject: a b\n\n", "");
}

/* Fields longer than is held, and many addresses without a domain. */
static void
large(void)
{
	size_t len = 3 * MEND_FIELD;
	char *text = xmalloc(len + 1);
	struct buf b;

	buf_init(&b, 1 << 20);
	memset(text, 'x', len);
	memcpy(text, "To: ", 4);
	memcpy(text + len - 2, "\n\n", 3);
	run(text, len, MEND_PIECE, MEND_ADDRESSES | MEND_STRICT, false, &b);
	ok(b.len == len && memcmp(b.p, text, len) == 0, "a long field passes");
	is(wrong, "To: it is too long", "unless it is to be good");
	for (size_t i = 4; i < MEND_FIELD; i += 2)
		memcpy(text + i, "x,", 2);
	memcpy(text + MEND_FIELD - 2, "\n\n", 3);
	run(text, MEND_FIELD, MEND_PIECE, MEND_ADDRESSES, false, &b);
	ok(b.len == MEND_FIELD && memcmp(b.p, text, b.len) == 0,
	    "one that would become so stays");
	len = 0;
	for (int i = 0; i < 1000; i++, len += 16)
		memcpy(text + len, "To:a,b,c,d,e,f,\n", 17);
	run(text, len, MEND_PIECE, MEND_ADDRESSES, false, &b);
	num(b.len, len + 1000 * 6 * strlen("@here.test"),
	    "many that grow much");
	free(text);
	buf_free(&b);
}

int
main(void)
{
	missing();
	resent();
	hidden();
	completed();
	strict();
	large();
	return done();
}

/*
 * t_dsn - identifiers, who is told, xtext, and the parts of a notice.
 */
#include "config.h"

#include <stdlib.h>
#include <unistd.h>

#include "chans/dsn.h"
#include "tests/tap.h"

static struct qfile_recipient recipients[3] = {
	{ .channel = "local", .host = "", .address = "a@example.org",
	    .mailbox = "", .original = "alias@example.org", .notify = "",
	    .orcpt = "rfc822;alias+2Bx@example.org" },
	{ .channel = "local", .host = "", .address = "b@example.org",
	    .mailbox = "", .original = "", .notify = "NEVER", .orcpt = "" },
	{ .channel = "local", .host = "", .address = "c@example.org",
	    .mailbox = "", .original = "", .notify = "", .orcpt = "bad" }
};

static void
identifiers(void)
{
	char a[TRACE_ID], b[TRACE_ID];

	dsn_id("0A1B2C3D4E5F6G7H8J9K", 3, a);
	dsn_id("0A1B2C3D4E5F6G7H8J9K", 3, b);
	is(a, b, "the same for the same failure");
	num(strlen(a), TRACE_ID - 1, "as long as any");
	num(strspn(a, "0123456789ABCDEFGHJKMNPQRSTVWXYZ"), TRACE_ID - 1,
	    "of the same letters");
	ok(strncmp(a, "0A1B2C3D", 8) == 0, "the entry's time in front");
	dsn_id("0A1B2C3D4E5F6G7H8J9K", 4, b);
	ok(strcmp(a, b) != 0, "another group, another identifier");
	dsn_id("0A1B2C3D4E5F6G7H8J9M", 3, b);
	ok(strcmp(a, b) != 0, "another entry, another identifier");
}

static void
wanted(void)
{
	struct qfile q = { .sender = "s@example.net", .nrecipients = 3,
	    .recipients = recipients };
	static const struct {
		const char *notify;
		bool told;
	} rows[] = { { "", true }, { NULL, true }, { "NEVER", false },
	    { "FAILURE", true }, { "SUCCESS", false }, { "DELAY", false },
	    { "SUCCESS,FAILURE", true }, { "failure,delay", true } };
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		recipients[0].notify = rows[i].notify;
		ok(dsn_wanted(&q, 0) == rows[i].told,
		    rows[i].notify != NULL ? rows[i].notify : "null");
	}
	recipients[0].notify = "";
	q.sender = "";
	ok(!dsn_wanted(&q, 0), "nobody tells the null sender");
}

static void
build(struct buf *b, char *message, const char *ret, bool *eight)
{
	struct mark mark[3] = { { .recipient = 0, .state = MARK_FAILED,
	    .group = 0, .code = "5.1.1", .text = "nobody" },
	    { .recipient = 1, .state = MARK_DELIVERED },
	    { .recipient = 2, .state = MARK_FAILED, .group = 2,
	    .code = "5.1.1", .text = "another group" } };
	struct qread original = { .map = message, .len = strlen(message) };
	struct dsn_facts f = { .hostname = "mx.example.org",
	    .id = "0A1B2C3D4E5F6G7H8J9K", .now = 1700000100000000LL,
	    .original = &original, .mark = mark, .group = 0 };

	original.q = (struct qfile){ .id = "0A1B2C3D000000000000",
	    .sender = "s@example.net", .envid = "x+2By", .ret = ret,
	    .time = 1700000000000000LL, .nrecipients = 3,
	    .recipients = recipients, .message_len = strlen(message) };
	buf_reset(b);
	ok(dsn_build(b, &f, eight) == 0, "built");
}

static bool
has(const struct buf *b, const char *s)
{
	return strstr(buf_str(b), s) != NULL;
}

static void
xtext(void)
{
	static const struct {
		const char *coded;
		const char *want;	/* null: the field is left out */
	} rows[] = {
		{ "rfc822;a+2Bb+3D", "\nOriginal-Recipient: rfc822;a+b=\n" },
		{ "rfc822;a+2", NULL }, { "rfc822;a+2b", NULL },
		{ "rfc822;a+0Ab", NULL }, { "rfc822;a+E4b", NULL },
		{ "no type", NULL }, { "", NULL }
	};
	char plain[] = "Subject: x\n\nbody\n";
	const char *kept = recipients[0].orcpt;
	struct buf b;
	bool is8;
	size_t i;

	buf_init(&b, 100000);
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		recipients[0].orcpt = rows[i].coded;
		build(&b, plain, "", &is8);
		ok(has(&b, rows[i].want != NULL ? rows[i].want :
		    "\n\nFinal-Recipient: "), rows[i].coded);
	}
	recipients[0].orcpt = kept;
	buf_free(&b);
}

static void
parts(void)
{
	char plain[] = "Subject: x\nTo: y\n\nbody text\n",
	    eight[] = "Subject: \344\n\nbody\n", none[] = "\nonly a body\n",
	    endless[] = "Subject: no end\n", trap[] = "Subject: x\n\n"
	    "--inlet-0A1B2C3D4E5F6G7H8J9K-0\n";
	bool is8;
	struct buf b;

	buf_init(&b, 100000);
	build(&b, plain, "", &is8);
	ok(!is8, "7 bits");
	ok(has(&b, "\nOriginal-Envelope-Id: x+y\n"), "ENVID decoded");
	ok(has(&b, "\nReporting-MTA: dns; mx.example.org\n"), "reporter");
	ok(has(&b, "\n\nOriginal-Recipient: rfc822;alias+x@example.org\n"
	    "Final-Recipient: rfc822; a@example.org\nAction: failed\n"
	    "Status: 5.1.1\nDiagnostic-Code: X-Inlet; nobody\n"),
	    "the recipient");
	ok(has(&b, "<alias@example.org>:\n    nobody (5.1.1)\n"),
	    "people see the address that was written");
	ok(!has(&b, "another group"), "others' failures are not told");
	ok(has(&b, "text/rfc822-headers\n\nSubject: x\nTo: y\n\n--inlet"),
	    "the header alone");
	ok(!has(&b, "body text"), "not the body");
	build(&b, plain, "FULL", &is8);
	ok(has(&b, "message/rfc822\n\nSubject: x\nTo: y\n\nbody text\n"),
	    "RET=FULL");
	build(&b, eight, "HDRS", &is8);
	ok(is8, "8 bits in the header");
	ok(has(&b, "Content-Transfer-Encoding: 8bit\n\nSubject: \344\n"),
	    "are declared");
	build(&b, none, "", &is8);
	ok(has(&b, "text/rfc822-headers\n\n\n--inlet"), "no header at all");
	build(&b, endless, "", &is8);
	ok(has(&b, "rfc822-headers\n\nSubject: no end\n\n--"), "no body");
	build(&b, trap, "FULL", &is8);
	ok(has(&b, "boundary=\"inlet-0A1B2C3D4E5F6G7H8J9K-1\""),
	    "a boundary that does not occur");
	buf_free(&b);
}

static void
full(void)
{
	char plain[] = "Subject: x\n\nbody\n";
	struct mark mark[3] = { { .state = MARK_FAILED, .code = "5.1.1" } };
	struct qread original = { .map = plain, .len = strlen(plain) };
	struct dsn_facts f = { .hostname = "h", .id = "0A1B2C3D4E5F6G7H8J9K",
	    .original = &original, .mark = mark };
	struct buf b;
	bool is8;

	original.q = (struct qfile){ .id = "0A1B2C3D000000000000",
	    .sender = "s@example.net", .envid = "", .ret = "",
	    .nrecipients = 3, .recipients = recipients,
	    .message_len = strlen(plain) };
	buf_init(&b, 700);
	ok(dsn_build(&b, &f, &is8) == -1, "no room is an error");
	buf_free(&b);
}

int
main(void)
{
	setenv("TZ", "UTC", 1);
	identifiers();
	wanted();
	xtext();
	parts();
	full();
	return done();
}

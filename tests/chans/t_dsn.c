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

	dsn_id("0A1B2C3D4E5F6G7H8J9K", DSN_FAILED, 3, 0, a);
	dsn_id("0A1B2C3D4E5F6G7H8J9K", DSN_FAILED, 3, 0, b);
	is(a, b, "the same for the same failure");
	num(strlen(a), TRACE_ID - 1, "as long as any");
	num(strspn(a, "0123456789ABCDEFGHJKMNPQRSTVWXYZ"), TRACE_ID - 1,
	    "of the same letters");
	ok(strncmp(a, "0A1B2C3D", 8) == 0, "the entry's time in front");
	dsn_id("0A1B2C3D4E5F6G7H8J9K", DSN_FAILED, 4, 0, b);
	ok(strcmp(a, b) != 0, "another group, another identifier");
	dsn_id("0A1B2C3D4E5F6G7H8J9M", DSN_FAILED, 3, 0, b);
	ok(strcmp(a, b) != 0, "another entry, another identifier");
	dsn_id("0A1B2C3D4E5F6G7H8J9K", DSN_DELAYED, 3, 7, b);
	ok(strcmp(a, b) != 0, "another kind, another identifier");
	dsn_id("0A1B2C3D4E5F6G7H8J9K", DSN_DELAYED, 3, 8, a);
	ok(strcmp(a, b) != 0, "another warning, another identifier");
}

static void
wanted(void)
{
	struct qfile q = { .sender = "s@example.net", .nrecipients = 3,
	    .recipients = recipients };
	static const struct {
		const char *notify;
		bool failed, delayed, delivered;
	} rows[] = { { "", true, true, false },
	    { "NEVER", false, false, false },
	    { "FAILURE", true, false, false },
	    { "SUCCESS", false, false, true },
	    { "DELAY", false, true, false },
	    { "SUCCESS,FAILURE", true, false, true },
	    { "FAILURE,DELAY", true, true, false } };
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		recipients[0].notify = rows[i].notify;
		ok(dsn_wants(&q, 0, DSN_FAILED) == rows[i].failed &&
		    dsn_wants(&q, 0, DSN_DELAYED) == rows[i].delayed &&
		    dsn_wants(&q, 0, DSN_DELIVERED) == rows[i].delivered &&
		    !dsn_wants(&q, 0, DSN_EXPANDED), rows[i].notify);
	}
	q.sender = "";
	recipients[0].notify = "SUCCESS,FAILURE,DELAY";
	ok(!dsn_wants(&q, 0, DSN_FAILED) && !dsn_wants(&q, 0, DSN_DELAYED) &&
	    !dsn_wants(&q, 0, DSN_DELIVERED), "nobody tells the null sender");
	recipients[0].notify = "";
}

/* An alias of two addresses, and one of one. */
static void
expanded(void)
{
	struct qfile_recipient r[3] = { recipients[0], recipients[0],
	    recipients[0] };
	struct qfile q = { .sender = "s@example.net", .nrecipients = 3,
	    .recipients = r };

	for (size_t i = 0; i < 3; i++)
		r[i].notify = "SUCCESS";
	r[1].address = "other@example.org";
	r[2].original = "one@example.org";
	ok(dsn_wants(&q, 0, DSN_EXPANDED) && !dsn_wants(&q, 1, DSN_EXPANDED),
	    "the first of several stands for the alias");
	ok(!dsn_wants(&q, 0, DSN_DELIVERED) &&
	    !dsn_wants(&q, 1, DSN_DELIVERED), "what is behind it is not told");
	ok(!dsn_wants(&q, 2, DSN_EXPANDED) && dsn_wants(&q, 2, DSN_DELIVERED),
	    "an alias of one address is that address");
}

static struct mark marks[3] = {
	{ .recipient = 0, .state = MARK_FAILED, .group = 0, .code = "5.1.1",
	    .text = "nobody" },
	{ .recipient = 1, .state = MARK_DELIVERED },
	{ .recipient = 2, .state = MARK_FAILED, .group = 2, .code = "5.1.1",
	    .text = "another group" }
};
static struct qfile envelope = { .id = "0A1B2C3D000000000000",
	.sender = "s@example.net", .envid = "x+2By", .body = "",
	.time = 1700000000000000LL, .nrecipients = 3,
	.recipients = recipients };

static void
build_kind(struct buf *b, char *message, const char *ret, enum dsn_kind kind,
    bool *eight, bool *utf8)
{
	struct qread original = { .map = message, .len = strlen(message) };
	struct dsn_facts f = { .kind = kind, .hostname = "mx.example.org",
	    .id = "0A1B2C3D4E5F6G7H8J9K", .now = 1700000100000000LL,
	    .original = &original, .mark = marks, .group = 0, .at = 1700000050,
	    .until = 1700086400000000LL, .full_most = 200 };

	original.q = envelope;
	original.q.ret = ret;
	original.q.message_len = strlen(message);
	buf_reset(b);
	ok(dsn_build(b, &f, eight, utf8) == 0, "built");
}

static void
build(struct buf *b, char *message, const char *ret, bool *eight)
{
	bool utf8;

	build_kind(b, message, ret, DSN_FAILED, eight, &utf8);
	ok(!utf8, "no need of SMTPUTF8");
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
	bool utf8, is8;
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
	ok(!has(&b, "Deliver-By-Date") && !has(&b, "Future-Release"),
	    "no times that were not asked for");
	envelope.by_mode = 'R';
	envelope.by = 1700000060000000LL;
	envelope.hold = 1700000030000000LL;
	build(&b, plain, "", &is8);
	ok(has(&b, "\nDeliver-By-Date: Tue, 14 Nov 2023 22:14:20 +0000\n"),
	    "RFC 2852 5");
	ok(has(&b, "\nFuture-Release-Request: until;2023-11-14T22:13:50Z\n"),
	    "RFC 4865 5.1.2");
	envelope.hold_for = 30;
	build(&b, plain, "", &is8);
	ok(has(&b, "\nFuture-Release-Request: for;30\n"), "as it was asked");
	envelope.by_mode = 'N';
	envelope.by = 1700000049000001LL;
	marks[0].state = MARK_LATER;
	marks[0].warning = 1700000050;
	build_kind(&b, plain, "", DSN_DELAYED, &is8, &utf8);
	ok(has(&b, "\nAction: delayed\nStatus: 4.4.7\n"), "RFC 2852 4.1.3");
	marks[0].state = MARK_FAILED;
	marks[0].warning = 0;
	envelope.by_mode = 0;
	envelope.hold = envelope.hold_for = 0;
	envelope.requiretls = true;
	build(&b, plain, "FULL", &is8);
	ok(has(&b, "text/rfc822-headers") && !has(&b, "body text"),
	    "never of what asked for REQUIRETLS (RFC 8689 5)");
	envelope.requiretls = false;
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
kinds(void)
{
	char plain[] = "Subject: x\n\nbody text\n";
	struct mark kept = marks[0];
	bool is8, utf8;
	struct buf b;

	buf_init(&b, 100000);
	marks[0].state = MARK_LATER;
	marks[0].warning = 1700000050;
	memcpy(marks[0].code, "4.4.1", 6);
	build_kind(&b, plain, "FULL", DSN_DELAYED, &is8, &utf8);
	ok(has(&b, "\nAction: delayed\nStatus: 4.4.1\n"), "delayed");
	ok(has(&b, "\nWill-Retry-Until: Wed, 15 Nov 2023 22:13:20 +0000\n"),
	    "until when");
	ok(has(&b, "text/rfc822-headers") && !has(&b, "body text"),
	    "RET is for failures");
	ok(has(&b, "Subject: Your message is delayed\n"), "its subject");
	marks[0] = kept;
	marks[0].state = MARK_SUCCESS;
	memcpy(marks[0].code, "2.0.0", 6);
	build_kind(&b, plain, "", DSN_DELIVERED, &is8, &utf8);
	ok(has(&b, "\nAction: delivered\nStatus: 2.0.0\n"), "delivered");
	marks[0].flags = MARK_RELAYED;
	build_kind(&b, plain, "", DSN_DELIVERED, &is8, &utf8);
	ok(has(&b, "\nAction: relayed\n"), "relayed");
	ok(has(&b, "may not tell you more"), "and people are told what it is");
	build_kind(&b, plain, "", DSN_EXPANDED, &is8, &utf8);
	ok(has(&b, "Final-Recipient: rfc822; alias@example.org\n"
	    "Action: expanded\n"), "expanded: of the alias");
	ok(!has(&b, "a@example.org\n"), "and not what is behind it");
	marks[0] = kept;
	marks[0].flags = MARK_SAID;
	snprintf(marks[0].text, sizeof marks[0].text,
	    "mx.test said: 550 5.1.1 no");
	build_kind(&b, plain, "", DSN_FAILED, &is8, &utf8);
	ok(has(&b, "\nDiagnostic-Code: smtp; 550 5.1.1 no\n"),
	    "what the other side said");
	marks[0] = kept;
	buf_free(&b);
}

/* RFC 6533; and no control character gets out. */
static void
international(void)
{
	char plain[] = "Subject: x\n\nb\n",
	    eight[] = "Subject: \303\244\n\nb\n";
	const char *address = recipients[0].address;
	bool is8, utf8;
	struct buf b;

	buf_init(&b, 100000);
	recipients[0].address = "\303\244\nX: y@example.org";
	build_kind(&b, plain, "", DSN_FAILED, &is8, &utf8);
	ok(!utf8 && !is8 && has(&b, "rfc822; ??X: y@example.org\n"),
	    "not asked for: neither UTF-8 nor a newline");
	recipients[0].address = "\303\244@example.org";
	recipients[0].orcpt = "utf-8;\\x{E4}@example.org";
	envelope.utf8 = true;
	build_kind(&b, plain, "", DSN_FAILED, &is8, &utf8);
	ok(utf8 && is8 && has(&b, "message/global-delivery-status\n"),
	    "its own type");
	ok(has(&b, "Original-Recipient: utf-8;\\x{E4}@example.org\n"
	    "Final-Recipient: utf-8; \303\244@example.org\n"), "addresses");
	ok(has(&b, "message/global-headers\n"), "the header's type");
	recipients[0].address = address;
	recipients[0].orcpt = "";
	build_kind(&b, plain, "", DSN_FAILED, &is8, &utf8);
	ok(!utf8 && has(&b, "message/delivery-status\n"),
	    "nothing needs it: plain");
	build_kind(&b, eight, "", DSN_FAILED, &is8, &utf8);
	ok(utf8 && has(&b, "message/global-headers\n"), "a header does");
	envelope.utf8 = false;
	envelope.body = "BINARYMIME";
	{
		char binary[] = "A: b\r\nC: d\r\n\r\n\001\r\n";

		build_kind(&b, binary, "FULL", DSN_FAILED, &is8, &utf8);
		ok(has(&b, "-headers\n\nA: b\nC: d\n\n--") &&
		    !has(&b, "\001"), "of BINARYMIME the header");
		binary[2] = '\r';
		build_kind(&b, binary, "", DSN_FAILED, &is8, &utf8);
		ok(has(&b, "\n\nA:?b\nC: d\n\n--"), "no bare CR of it");
	}
	envelope.body = "";
	buf_free(&b);
}

static void
full(void)
{
	char large[400] = "Subject: x\n\nbody\n";
	struct qread original = { .map = large, .len = 12 };
	struct dsn_facts f = { .hostname = "h", .id = "0A1B2C3D4E5F6G7H8J9K",
	    .original = &original, .mark = marks };
	struct buf b;
	bool is8, utf8;

	original.q = envelope;
	original.q.ret = "";
	original.q.message_len = strlen(large);
	buf_init(&b, 700);
	ok(dsn_build(&b, &f, &is8, &utf8) == -1, "no room is an error");
	buf_free(&b);
	memset(large + 17, 'x', sizeof large - 18);
	buf_init(&b, 100000);
	build(&b, large, "FULL", &is8);
	ok(has(&b, "rfc822-headers"), "too large to be returned whole");
	buf_free(&b);
}

int
main(void)
{
	setenv("TZ", "UTC", 1);
	identifiers();
	wanted();
	expanded();
	xtext();
	parts();
	kinds();
	international();
	full();
	return done();
}

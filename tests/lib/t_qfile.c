/*
 * t_qfile - an entry there and back; damage at every byte; records that lie
 * under a good digest.
 */
#include "config.h"

#include "lib/digest.h"
#include "lib/qfile.h"
#include "tests/tap.h"

#define ID "0123456789ABCDEFGHJK"
#define MESSAGE "Received: x\n\nbody\n"

/* What every entry has, but for the recipients and the end of the header. */
static int
basic(struct buf *b)
{
	buf_reset(b);
	if (qfile_begin(b) == -1 || qfile_put(b, QFILE_ID, ID) == -1 ||
	    qfile_put_number(b, QFILE_TIME, 1795194000000000) == -1)
		return -1;
	return qfile_put(b, QFILE_SENDER, "");
}

/* The message and the trailer behind a header of b->len bytes. */
static int
finish(struct buf *b)
{
	unsigned char t[QFILE_TRAILER];
	size_t header = b->len;

	if (buf_adds(b, MESSAGE) == -1)
		return -1;
	qfile_trailer(t, header, b->len - header, digest_of(b->p, b->len));
	return buf_add(b, t, sizeof(t));
}

static const struct qfile_recipient one = {
	"local", "host", "a@b", "b/a", "alias@b", "NEVER", "rfc822;x"
};

static void
there_and_back(struct buf *b)
{
	struct qfile q;
	const char *why;
	int i, bad = 0;

	num(basic(b), 0, "begun");
	bad |= qfile_put(b, QFILE_CHANNEL, "mx");
	bad |= qfile_put(b, QFILE_ADDRESS, "192.0.2.1");
	bad |= qfile_put(b, QFILE_NAME, "n");
	bad |= qfile_put(b, QFILE_HELO, "j\303\266");
	bad |= qfile_put(b, QFILE_WITH, "ESMTP");
	bad |= qfile_put(b, QFILE_BODY, "7BIT");
	bad |= qfile_put(b, QFILE_SID, "s");
	bad |= qfile_put(b, QFILE_AUTH, "a+2Bb@c");
	bad |= qfile_put_flag(b, QFILE_UTF8);
	bad |= qfile_put_flag(b, QFILE_REQUIRETLS);
	bad |= qfile_put_number(b, QFILE_PRIORITY, -9);
	bad |= qfile_put_number(b, QFILE_HOLD, INT64_MAX);
	bad |= qfile_put_number(b, QFILE_HOLD_FOR, 7);
	bad |= qfile_put_by(b, 1795194000000001, 'N', true);
	for (i = 0; i < 5; i++)
		bad |= qfile_put_recipient(b, &one);
	num(bad, 0, "records");
	num(qfile_end_header(b), 0, "header");
	num(finish(b), 0, "finished");
	if (!ok(qfile_parse(b->p, b->len, &q, &why) == 0, "parsed"))
		return;
	is(q.id, ID, "id");
	is(q.sender, "", "null sender");
	is(q.channel, "mx", "channel");
	is(q.address, "192.0.2.1", "address");
	is(q.helo, "j\303\266", "helo");
	is(q.login, "", "no login");
	is(q.sid, "s", "sid");
	is(q.auth, "a+2Bb@c", "auth");
	ok(q.utf8 && q.requiretls, "flags");
	num(q.priority, -9, "priority");
	num(q.hold, INT64_MAX, "hold");
	num(q.hold_for, 7, "hold for");
	num(q.by, 1795194000000001, "by");
	ok(q.by_mode == 'N' && q.by_trace, "its mode");
	num(q.time, 1795194000000000, "time");
	num(q.nrecipients, 5, "recipients");
	is(q.recipients[4].channel, "local", "channel of one");
	is(q.recipients[4].host, "host", "host");
	is(q.recipients[4].address, "a@b", "address");
	is(q.recipients[4].mailbox, "b/a", "mailbox");
	is(q.recipients[4].original, "alias@b", "original");
	is(q.recipients[4].notify, "NEVER", "notify");
	is(q.recipients[4].orcpt, "rfc822;x", "orcpt");
	ok(q.message_len == strlen(MESSAGE) &&
	    memcmp(b->p + q.message_at, MESSAGE, q.message_len) == 0,
	    "message");
	qfile_free(&q);
	ok(q.recipients == NULL, "freed");
}

static void
damage(struct buf *b)
{
	struct qfile q;
	const char *why;
	bool noticed = true;
	size_t i;

	for (i = 0; i < b->len; i++) {
		b->p[i] = (char)(b->p[i] ^ 0x10);
		noticed = noticed &&
		    qfile_parse(b->p, b->len, &q, &why) == -1 && why != NULL;
		b->p[i] = (char)(b->p[i] ^ 0x10);
	}
	ok(noticed, "a bit anywhere");
	for (i = 0; i < b->len; i++)
		noticed = noticed && qfile_parse(b->p, i, &q, &why) == -1;
	ok(noticed, "cut anywhere");
	num(buf_addc(b, '\0'), 0, "one byte more");
	num(qfile_parse(b->p, b->len, &q, &why), -1, "is noticed");
}

/* Finishes what is in b; what qfile_parse() says of it. */
static const char *
refusal(struct buf *b, bool end_header)
{
	struct qfile q;
	const char *why;

	if ((end_header && qfile_end_header(b) == -1) || finish(b) == -1)
		return "no room";
	if (qfile_parse(b->p, b->len, &q, &why) == -1)
		return why;
	qfile_free(&q);
	return "fine";
}

static void
missing(struct buf *b)
{
	ok(basic(b) == 0, "a header");
	is(refusal(b, true), "no recipient", "without recipient");
	ok(basic(b) == 0 && qfile_put_recipient(b, &one) == 0, "one");
	is(refusal(b, true), "fine", "with one");
	ok(basic(b) == 0 && qfile_put_recipient(b, &one) == 0, "one");
	is(refusal(b, false), "the header is cut", "no end of header");
	buf_reset(b);
	is(refusal(b, false), "not a queue entry", "no magic");
	buf_reset(b);
	ok(qfile_begin(b) == 0 && qfile_put(b, QFILE_ID, ID) == 0 &&
	    qfile_put(b, QFILE_SENDER, "") == 0, "id and sender");
	is(refusal(b, true), "no time", "without time");
	buf_reset(b);
	ok(qfile_begin(b) == 0 && qfile_put_number(b, QFILE_TIME, 1) == 0 &&
	    qfile_put(b, QFILE_SENDER, "") == 0, "time and sender");
	is(refusal(b, true), "no good identifier", "without id");
	buf_reset(b);
	ok(qfile_begin(b) == 0 && qfile_put_number(b, QFILE_TIME, 1) == 0 &&
	    qfile_put(b, QFILE_ID, ID) == 0, "time and id");
	is(refusal(b, true), "no sender", "without sender");
}

static void
lies(struct buf *b)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *why, *what;
	} t[] = {
		{ "I\3\0\0\0ab", 8, "a record twice", "two identifiers" },
		{ "T\10\0\0\0\1\0\0\0\0\0\0", 13, "a record twice",
		    "two times" },
		{ "S\1\0\0\0", 6, "a record twice", "two senders" },
		{ "H\3\0\0\0abc", 8, "a bad text", "no NUL" },
		{ "H\3\0\0\0a\0", 8, "a bad text", "two NULs" },
		{ "H\3\0\0\0\n\n", 8, "a bad text", "a newline" },
		{ "H\0\0\0\0", 5, "a bad text", "no text" },
		{ "x\1\0\0\0", 6, "an unknown record", "unknown" },
		{ "U\0\0\0\0", 5, "fine", "a flag" },
		{ "U\0\0\0\0U\0\0\0\0", 10, "a record twice", "two" },
		{ "Q\1\0\0\0", 6, "a record has too much",
		    "a flag with a byte" },
		{ "P\10\0\0\0\11\0\0\0\0\0\0\0", 13, "fine",
		    "the highest priority" },
		{ "P\10\0\0\0\12\0\0\0\0\0\0\0", 13,
		    "a bad priority", "one more" },
		{ "P\10\0\0\0\366\377\377\377\377\377\377\377", 13,
		    "a bad priority", "less than the least" },
		{ "P\10\0\0\0\0\0\0\0\0\0\0\0", 13,
		    "a bad priority", "none" },
		{ "P\4\0\0\0\1\0\0\0", 9, "a bad priority",
		    "a short one" },
		{ "h\10\0\0\0\0\0\0\0\0\0\0\200", 13, "a bad time",
		    "held before 1970" },
		{ "h\10\0\0\0\0\0\0\0\0\0\0\0", 13, "a bad time",
		    "not held" },
		{ "h\11\0\0\0\1\0\0\0\0\0\0\0\0", 14, "a bad time",
		    "held too long" },
		{ "D\12\0\0\0\1\0\0\0\0\0\0\0R\0", 15, "fine",
		    "a deadline" },
		{ "D\12\0\0\0\1\0\0\0\0\0\0\0X\0", 15,
		    "a bad deadline", "of no mode" },
		{ "D\12\0\0\0\1\0\0\0\0\0\0\0RR", 15,
		    "a bad deadline", "of no trace" },
		{ "D\10\0\0\0\1\0\0\0\0\0\0\0", 13,
		    "a bad deadline", "cut" },
		{ "R\7\0\0\0\0\0\0\0\0\0", 12, "fine", "seven empty texts" },
		{ "R\6\0\0\0\0\0\0\0\0", 11, "a recipient is cut", "six" },
		{ "R\10\0\0\0\0\0\0\0\0\0\0", 13,
		    "a recipient has too much", "eight" },
		{ "R\7\0\0\0\0\0\0\0\0\0x", 12, "a recipient is cut",
		    "seven without the last NUL" },
		{ "R\10\0\0\0\n\0\0\0\0\0\0", 13, "a bad text",
		    "a newline in one" },
		{ "H\377\377\377\377", 5, "a record is cut", "a huge one" },
		{ "H\144\0\0\0", 5, "a record is cut", "too long" },
		{ "M\1\0\0\0", 6, "the header does not end where it says",
		    "a message with a length" },
		{ "M\0\0\0\0", 5, "the header does not end where it says",
		    "two messages" }
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(t); i++) {
		ok(basic(b) == 0 && qfile_put_recipient(b, &one) == 0 &&
		    buf_add(b, t[i].bytes, t[i].len) == 0, t[i].what);
		is(refusal(b, true), t[i].why, "  why");
	}
	buf_reset(b);
	ok(qfile_begin(b) == 0 &&
	    qfile_put_number(b, QFILE_TIME, 1) == 0 &&
	    qfile_put(b, QFILE_ID, "../etc") == 0 &&
	    qfile_put(b, QFILE_SENDER, "") == 0, "a path for an identifier");
	is(refusal(b, true), "no good identifier", "is none");
	buf_reset(b);
	ok(qfile_begin(b) == 0 && qfile_put_number(b, QFILE_TIME, -5) == 0,
	    "a time before 1970");
	is(refusal(b, true), "a bad time", "is none");
}

static void
trailers(struct buf *b)
{
	unsigned char t[QFILE_TRAILER];
	struct qfile q;
	const char *why;
	size_t header, len;

	ok(basic(b) == 0 && qfile_put_recipient(b, &one) == 0 &&
	    qfile_end_header(b) == 0, "a header");
	header = len = b->len;
	qfile_trailer(t, header + 1, UINT64_MAX, digest_of(b->p, len));
	ok(buf_add(b, t, sizeof(t)) == 0, "lengths whose sum wraps");
	num(qfile_parse(b->p, b->len, &q, &why), -1, "are refused");
	qfile_trailer(t, header, 0, digest_of(b->p, len));
	memcpy(b->p + len, t, sizeof(t));
	num(qfile_parse(b->p, b->len, &q, &why), 0, "an empty message");
	qfile_free(&q);
	qfile_trailer(t, header - 5, 5, digest_of(b->p, len));
	memcpy(b->p + len, t, sizeof(t));
	num(qfile_parse(b->p, b->len, &q, &why), -1, "the header cut short");
	is(why, "the header is cut", "  why");
}

static void
bounds(struct buf *b)
{
	struct qfile_recipient r = one;
	struct buf small;
	bool unchanged = true;
	size_t most;

	buf_reset(b);
	num(qfile_put(b, QFILE_HELO, "a\nb"), -1, "a newline is not written");
	r.address = "a\nb";
	num(qfile_put_recipient(b, &r), -1, "nor in a recipient");
	r.address = NULL;
	num(qfile_put_recipient(b, &r), 0, "null is empty");
	for (most = 0; most < 20; most++) {
		buf_init(&small, most);
		if (qfile_put(&small, QFILE_HELO, "0123456789abcde") == -1 &&
		    small.len != 0)
			unchanged = false;
		if (qfile_put_recipient(&small, &one) == -1 && small.len != 0)
			unchanged = false;
		if ((qfile_put_flag(&small, QFILE_UTF8) == -1 ||
		    qfile_put_by(&small, 1, 'R', false) == -1) &&
		    small.len != 0 && small.len != 5)
			unchanged = false;
		buf_reset(&small);
		if (qfile_put_number(&small, QFILE_TIME, 1) == -1 &&
		    small.len != 0)
			unchanged = false;
		buf_free(&small);
	}
	ok(unchanged, "no half records");
}

int
main(void)
{
	struct buf b;

	buf_init(&b, 65536);
	there_and_back(&b);
	damage(&b);
	missing(&b);
	lies(&b);
	trailers(&b);
	bounds(&b);
	buf_free(&b);
	return done();
}

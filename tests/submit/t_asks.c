/*
 * t_asks - what submit takes of what is asked for, what settings leave of it,
 * and its records.
 */
#include "config.h"

#include "lib/digest.h"
#include "submit/asks.h"
#include "tests/tap.h"

static const struct sub_envelope nothing = {
	.sender = "", .helo = "", .with = "", .tls = "", .body = "", .sid = "",
	.channel = "", .name = "", .envid = "", .ret = "", .auth = "",
	.id = "", .size = -1
};

static void
values(void)
{
	struct sub_envelope e = nothing;

	ok(asks_good(&e), "nothing is asked for");
#define REFUSED(field, bad) do { \
		e = nothing; \
		e.field = bad; \
		ok(!asks_good(&e), #field " " #bad); \
	} while (0)
	REFUSED(body, "9BIT");
	REFUSED(envid, "a b");
	REFUSED(envid, "a+0A");
	REFUSED(ret, "full");
	REFUSED(auth, "a+0A");
	REFUSED(hold, -1);
	REFUSED(by, -1);
	REFUSED(by, 5);		/* without a mode */
	REFUSED(by_mode, 'R');
	REFUSED(by_trace, true);
	REFUSED(priority, 10);
	REFUSED(priority, -10);
	REFUSED(sender, "j\303\266@b");
	REFUSED(with, "UTF8SMTP");
	e = nothing;
	e.sender = "j\303\266@b";
	e.with = "UTF8SMTP";
	e.utf8 = true;
	ok(asks_good(&e), "with SMTPUTF8");
	e = nothing;
	e.by = 5;
	e.by_mode = 'X';
	ok(!asks_good(&e), "a mode that is none");
	e.by_mode = 'N';
	e.by_trace = true;
	e.priority = 9;
	e.hold = 1;
	ok(asks_good(&e), "all of it");
}

static void
recipients(void)
{
	struct sub_envelope e = nothing;
	struct sub_recipient r = { "a@b", "", "" };

	ok(asks_recipient_good(&e, &r), "nothing is asked for");
	r.notify = "success";
	ok(!asks_recipient_good(&e, &r), "not in capitals");
	r.notify = "SUCCESS,DELAY";
	ok(asks_recipient_good(&e, &r), "two words");
	r.orcpt = "utf-8;\303\266@b";
	ok(!asks_recipient_good(&e, &r), "UTF-8 without SMTPUTF8");
	e.utf8 = true;
	ok(asks_recipient_good(&e, &r), "and with it");
	r.address = "j\303\266@b";
	ok(asks_recipient_good(&e, &r), "an address, too");
	e.utf8 = false;
	r.orcpt = "";
	ok(!asks_recipient_good(&e, &r), "not without it");
	r.orcpt = "rfc822;a+0A";
	r.address = "a@b";
	ok(!asks_recipient_good(&e, &r), "a newline");
}

static void
bounds(void)
{
	static const char *const words[] = { "8bitmime", "DSN", "SMTPUTF8",
	    "DELIVERBY", "MT-PRIORITY", "FUTURERELEASE" };
	const int64_t now = 1795194000000000;
	struct sub_envelope e = nothing;
	struct sub_recipient r = { "a@b", "", "" };
	struct settings v;

	settings_defaults(&v);
	ok(asks_beyond(&e, &v, now) == NULL, "nothing is asked for");
	e.priority = -1;
	is(asks_beyond(&e, &v, now), "MT-PRIORITY", "off by default");
	v.mt_priority = MT_PRIORITY_ON;
	ok(asks_beyond(&e, &v, now) == NULL, "on");
	v.priority_most = 3;
	e.priority = 3;
	ok(asks_beyond(&e, &v, now) == NULL, "the most");
	e.priority = 4;
	is(asks_beyond(&e, &v, now), "MT-PRIORITY", "more");
	e.priority = 0;
	e.hold = now + 1;
	is(asks_beyond(&e, &v, now), "FUTURERELEASE", "off by default");
	v.hold_most = 1000;
	e.hold = now + 1000000;
	ok(asks_beyond(&e, &v, now) == NULL, "a second");
	e.hold++;
	is(asks_beyond(&e, &v, now), "FUTURERELEASE", "more");
	e = nothing;
	e.body = "7BIT";
	e.envid = "x";
	e.utf8 = true;
	e.by = now;
	e.priority = 1;
	e.hold = now;
	ok(asks_beyond(&e, &v, now) == NULL, "all of them");
	r.notify = "NEVER";
	ok(asks_recipient_beyond(&r, &v) == NULL, "NOTIFY");
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		v.ehlo_keywords_off = (struct strings){ 1, &words[i] };
		ok(asks_beyond(&e, &v, now) != NULL, words[i]);
		ok((asks_recipient_beyond(&r, &v) != NULL) == (i == 1),
		    "  NOTIFY is of DSN");
	}
	r.notify = "";
	r.orcpt = "rfc822;x";
	v.ehlo_keywords_off = (struct strings){ 1, &words[1] };
	is(asks_recipient_beyond(&r, &v), "DSN", "ORCPT, too");
	e = nothing;
	e.ret = "FULL";
	is(asks_beyond(&e, &v, now), "DSN", "and RET");
}

/* As an entry of its own. */
static int
entry(struct buf *b, const struct sub_envelope *e, struct qfile *q_r)
{
	const struct qfile_recipient r = { .address = "a@b" };
	unsigned char t[QFILE_TRAILER];
	const char *why;

	buf_reset(b);
	if (qfile_begin(b) != 0 || qfile_put(b, QFILE_ID, "X") != 0 ||
	    qfile_put_number(b, QFILE_TIME, 1) != 0 ||
	    qfile_put(b, QFILE_SENDER, "") != 0 || asks_put(b, e) != 0 ||
	    qfile_put_recipient(b, &r) != 0 || qfile_end_header(b) != 0)
		return -1;
	qfile_trailer(t, b->len, 0, digest_of(b->p, b->len));
	if (buf_add(b, t, sizeof(t)) != 0)
		return -1;
	return qfile_parse(b->p, b->len, q_r, &why);
}

static void
records(void)
{
	struct sub_envelope e = nothing;
	struct qfile q;
	struct buf b, empty;

	buf_init(&b, 4096);
	buf_init(&empty, 4);
	num(asks_put(&empty, &e), 0, "nothing is written of nothing");
	num(empty.len, 0, "not a byte");
	num(entry(&b, &e, &q), 0, "an entry");
	ok(q.hold == 0 && q.by == 0 && q.by_mode == 0 && !q.utf8 &&
	    !q.requiretls && q.priority == 0 && q.auth[0] == '\0',
	    "says nothing of it");
	qfile_free(&q);
	e.body = "8BITMIME";
	e.envid = "E";
	e.ret = "HDRS";
	e.auth = "<>";
	e.utf8 = e.requiretls = e.by_trace = true;
	e.priority = -3;
	e.hold = 7;
	e.hold_for = 3;
	e.by = 8;
	e.by_mode = 'R';
	num(entry(&b, &e, &q), 0, "an entry with all of it");
	is(q.body, "8BITMIME", "body");
	is(q.envid, "E", "envid");
	is(q.ret, "HDRS", "ret");
	is(q.auth, "<>", "auth");
	ok(q.utf8 && q.requiretls && q.by_trace, "flags");
	ok(q.priority == -3 && q.hold == 7 && q.hold_for == 3 && q.by == 8 &&
	    q.by_mode == 'R',
	    "numbers");
	qfile_free(&q);
	num(asks_put(&empty, &e), -1, "no room");
	buf_free(&b);
	buf_free(&empty);
}

int
main(void)
{
	values();
	recipients();
	bounds();
	records();
	return done();
}

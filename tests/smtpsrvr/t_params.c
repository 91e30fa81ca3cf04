/*
 * params: RFC 1870 6.1, RFC 6152 3, RFC 3461 4.3, RFC 3461 4.4, RFC 2852 4,
 * RFC 4865 4, RFC 6710 3, and the edges of T20 and T22.
 */
#include "config.h"

#include <stdio.h>

#include "smtpsrvr/params.h"
#include "tests/tap.h"

struct example {
	const char *text;
	int code;	/* 0: taken */
	int64_t size;
	const char *body;
};

static const struct example mail[] = {
	{ "", 0, -1, "" },
	{ " SIZE=0", 0, 0, "" },
	{ " size=12345 body=8bitmime", 0, 12345, "8BITMIME" },
	{ " BODY=7BIT", 0, -1, "7BIT" },
	{ " SIZE=2147483648", 0, 2147483648LL, "" },
	{ " SIZE=9223372036854775807", 0, INT64_MAX, "" },
	{ " SIZE=18446744073709551616", 0, INT64_MAX, "" },
	{ " SIZE=99999999999999999999", 0, INT64_MAX, "" },
	{ " SIZE=100000000000000000000", 501, 0, NULL },
	{ " SIZE=", 501, 0, NULL },
	{ " SIZE", 501, 0, NULL },
	{ " SIZE=-1", 501, 0, NULL },
	{ " SIZE=+1", 501, 0, NULL },
	{ " SIZE=0x10", 501, 0, NULL },
	{ " SIZE=1 SIZE=1", 501, 0, NULL },
	{ " BODY=7BIT BODY=7BIT", 501, 0, NULL },
	{ " BODY=binarymime", 0, -1, "BINARYMIME" },
	{ " =", 501, 0, NULL },
	{ " =x", 501, 0, NULL },
	{ " X=", 501, 0, NULL },
	{ " X=a=b", 501, 0, NULL },
	{ " -X=1", 501, 0, NULL },
	{ "SIZE=1", 501, 0, NULL },
	{ " X", 555, 0, NULL },
	{ " X=1", 555, 0, NULL },
	{ " AUTH=<>", 0, -1, "" },
	{ " SIZE=1  BODY=7BIT", 0, 1, "7BIT" },
};

static const struct offer all;
static const struct settings bounds = { .hold_most = 86400000,
    .deliver_by_least = 59500, .priority_most = 3 };
#define NOW INT64_C(1795194000)	/* 2026-11-20T17:00:00Z */
static const struct params_by by = { .offer = &all, .set = &bounds,
    .now = NOW * 1000000 + 999999 };

static void
long_ones(void)
{
	char text[20000] = "";
	struct mail_params p;
	struct reply r;

	memset(text, 'A', 5000);
	text[0] = ' ';
	num(params_mail(text, &by, &p, &r), -1, "a keyword of 5,000 letters");
	num(r.code, 555, "is not supported");
	memset(text, 0, sizeof text);
	for (size_t i = 0; i + 4 < sizeof text; i += 4)
		memcpy(text + i, " A=b", 4);
	num(params_mail(text, &by, &p, &r), -1, "thousands of parameters");
	num(r.code, 555, "end at the first");
}

/* What belongs to a keyword that is off is what nobody knows. */
static void
switched_off(void)
{
	const struct offer size_off = { UINT64_C(1) << KEYWORD_SIZE, 0 };
	const struct offer body_off = { UINT64_C(1) << KEYWORD_8BITMIME, 0 };
	const struct params_by no_size = { .offer = &size_off };
	const struct params_by no_body = { .offer = &body_off };
	struct mail_params p;
	struct reply r;

	num(params_mail(" BODY=7BIT SIZE=1", &no_size, &p, &r), -1,
	    "SIZE off");
	num(r.code, 555, "is not supported");
	num(params_mail(" BODY=7BIT", &no_size, &p, &r), 0, "BODY is on");
	num(params_mail(" SIZE=1 BODY=7BIT", &no_body, &p, &r), -1,
	    "8BITMIME off");
	num(r.code, 555, "is not supported");
	num(params_mail(" SIZE=1", &no_body, &p, &r), 0, "SIZE is on");
	num(p.size, 1, "and taken");
}

static void
recipients(void)
{
	static const struct {
		const char *text;
		int code;
		const char *notify, *orcpt;
	} t[] = {
		{ "", 0, "", "" },
		{ " NOTIFY=NEVER", 0, "NEVER", "" },
		{ " notify=delay,success", 0, "SUCCESS,DELAY", "" },
		{ " ORCPT=rfc822;a+2Bb@c NOTIFY=FAILURE", 0, "FAILURE",
		    "rfc822;a+2Bb@c" },
		{ " NOTIFY=NEVER,DELAY", 501, NULL, NULL },
		{ " NOTIFY=NEVER NOTIFY=NEVER", 501, NULL, NULL },
		{ " NOTIFY", 501, NULL, NULL },
		{ " NOTIFY=", 501, NULL, NULL },
		{ " NOTIFY=SUCCESS,FAILURE,DELAY,SUCCESS", 501, NULL, NULL },
		{ " ORCPT=rfc822;a+0Ab", 501, NULL, NULL },
		{ " ORCPT=utf-8;\303\266@c", 501, NULL, NULL },
		{ " ORCPT=a@b", 501, NULL, NULL },
		{ " ORCPT", 501, NULL, NULL },
		{ " RET=FULL", 555, NULL, NULL },
		{ " SIZE=1", 555, NULL, NULL },
		{ " =", 501, NULL, NULL }
	};
	const struct params_by utf8 = { .offer = &all, .utf8 = true };
	char text[600] = " ORCPT=rfc822;";
	struct rcpt_params p;
	struct reply r;

	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		int got = params_rcpt(t[i].text, &by, &p, &r);

		if (t[i].code != 0)
			ok(got == -1 && r.code == t[i].code, t[i].text);
		else
			ok(got == 0 && strcmp(p.notify, t[i].notify) == 0 &&
			    strcmp(p.orcpt, t[i].orcpt) == 0, t[i].text);
	}
	num(params_rcpt(" ORCPT=utf-8;\303\266@c", &utf8, &p, &r), 0,
	    "UTF-8 in ORCPT, with SMTPUTF8");
	memset(text + strlen(text), 'x', 7 + 500 - strlen(text));
	num(params_rcpt(text, &by, &p, &r), 0, "ORCPT of 500 characters");
	num(strlen(p.orcpt), 500, "all of them");
	text[strlen(text)] = 'x';
	num(params_rcpt(text, &by, &p, &r), -1, "one more");
	num(r.code, 501, "is bad, not cut");
}

static void
dsn(void)
{
	char text[200] = " ENVID=";
	struct mail_params p;
	struct reply r;

	num(params_mail(" RET=hdrs ENVID=QQ+2B1", &by, &p, &r), 0,
	    "RET and ENVID");
	is(p.ret, "HDRS", "in capitals");
	is(p.envid, "QQ+2B1", "as given");
	num(params_mail(" RET=ALL", &by, &p, &r), -1, "no such RET");
	num(params_mail(" RET", &by, &p, &r), -1, "RET of nothing");
	num(params_mail(" RET=FULL RET=FULL", &by, &p, &r), -1, "twice");
	num(params_mail(" ENVID=a+0Db", &by, &p, &r), -1, "a CR");
	num(params_mail(" ENVID=a+0db", &by, &p, &r), -1, "small letters");
	num(params_mail(" ENVID=a+", &by, &p, &r), -1, "cut");
	num(r.code, 501, "is bad");
	num(params_mail(" NOTIFY=NEVER", &by, &p, &r), -1, "NOTIFY of MAIL");
	num(r.code, 555, "is unknown");
	memset(text + 7, 'x', 100);
	num(params_mail(text, &by, &p, &r), 0, "ENVID of 100 characters");
	text[107] = 'x';
	num(params_mail(text, &by, &p, &r), -1, "one more");
}

static void
times(void)
{
	static const struct {
		const char *text;
		const char *why;	/* null: taken */
		int64_t hold, by;	/* seconds from now */
		char mode;
		bool trace;
	} t[] = {
		{ " BY=60;R", NULL, 0, 60, 'R', false },
		{ " by=+60;rt", NULL, 0, 60, 'R', true },
		{ " BY=999999999;N", NULL, 0, 999999999, 'N', false },
		{ " BY=0;N", NULL, 0, 0, 'N', false },
		{ " BY=-999999999;NT", NULL, 0, -999999999, 'N', true },
		{ " BY=59;R", "A message is returned after 60 seconds or more, "
		    "not earlier", 0, 0, 0, 0 },
		{ " BY=0;R", "BY is out of range", 0, 0, 0, 0 },
		{ " BY=-60;R", "BY is out of range", 0, 0, 0, 0 },
		{ " BY=1000000000;N", "Bad parameter BY", 0, 0, 0, 0 },
		{ " BY=;N", "Bad parameter BY", 0, 0, 0, 0 },
		{ " BY=60", "Bad parameter BY", 0, 0, 0, 0 },
		{ " BY=60;", "Bad parameter BY", 0, 0, 0, 0 },
		{ " BY=60;X", "Bad parameter BY", 0, 0, 0, 0 },
		{ " BY=60;RX", "Bad parameter BY", 0, 0, 0, 0 },
		{ " BY=60;RTT", "Bad parameter BY", 0, 0, 0, 0 },
		{ " BY=+-60;R", "Bad parameter BY", 0, 0, 0, 0 },
		{ " BY=6 0;R", "Bad parameter BY", 0, 0, 0, 0 },
		{ " BY", "Bad parameter BY", 0, 0, 0, 0 },
		{ " BY=60;N BY=60;N", "Bad parameter BY", 0, 0, 0, 0 },
		{ " HOLDFOR=1", NULL, 1, 0, 0, 0 },
		{ " HOLDFOR=86400", NULL, 86400, 0, 0, 0 },
		{ " HOLDFOR=86401", "HOLDFOR is out of range", 0, 0, 0, 0 },
		{ " HOLDFOR=0", "Bad parameter HOLDFOR", 0, 0, 0, 0 },
		{ " HOLDFOR=01", "Bad parameter HOLDFOR", 0, 0, 0, 0 },
		{ " HOLDFOR=-1", "Bad parameter HOLDFOR", 0, 0, 0, 0 },
		{ " HOLDFOR=1000000000", "Bad parameter HOLDFOR", 0, 0, 0, 0 },
		{ " HOLDUNTIL=2026-11-20T18:00:01+01:00", NULL, 1, 0, 0, 0 },
		{ " holduntil=2026-11-21T17:00:00Z", NULL, 86400, 0, 0, 0 },
		{ " HOLDUNTIL=2026-11-21T17:00:01Z",
		    "HOLDUNTIL is out of range", 0, 0, 0, 0 },
		{ " HOLDUNTIL=2026-11-20T17:00:00Z",
		    "HOLDUNTIL is out of range", 0, 0, 0, 0 },
		{ " HOLDUNTIL=9999-12-31T23:59:59Z",
		    "HOLDUNTIL is out of range", 0, 0, 0, 0 },
		{ " HOLDUNTIL=tomorrow", "Bad parameter HOLDUNTIL",
		    0, 0, 0, 0 },
		{ " HOLDFOR=1 HOLDUNTIL=2026-11-20T18:00:00Z",
		    "Bad parameter HOLDUNTIL", 0, 0, 0, 0 },
		{ " HOLDUNTIL=2026-11-20T18:00:00Z HOLDFOR=1",
		    "Bad parameter HOLDFOR", 0, 0, 0, 0 },
		{ " HOLDFOR=60 BY=62;R", NULL, 60, 62, 'R', false },
		{ " BY=60;R HOLDFOR=61", "BY is out of range", 0, 0, 0, 0 },
		{ " BY=60;N HOLDFOR=61", "BY is out of range", 0, 0, 0, 0 }
	};

	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		struct mail_params p;
		struct reply r;
		int got = params_mail(t[i].text, &by, &p, &r);

		if (t[i].why != NULL)
			ok(got == -1 && r.code == (t[i].why[0] == 'A' ? 555 :
			    501) && strcmp(r.text, t[i].why) == 0, t[i].text);
		else
			ok(got == 0 && p.hold == (t[i].hold == 0 ? 0 :
			    (NOW + t[i].hold) * 1000000) &&
			    p.by == (t[i].mode == 0 ? 0 :
			    by.now + t[i].by * 1000000) &&
			    p.by_mode == t[i].mode &&
			    p.by_trace == t[i].trace, t[i].text);
	}
}

static void
priorities(void)
{
	static const struct {
		const char *value;
		int priority;	/* 10: bad */
		bool lowered;
	} t[] = {
		{ "0", 0, false }, { "3", 3, false }, { "4", 3, true },
		{ "9", 3, true }, { "-1", -1, false }, { "-9", -9, false },
		{ "10", 10, false }, { "-0", 10, false }, { "-", 10, false },
		{ "+1", 10, false }, { "01", 10, false }, { "-10", 10, false },
		{ "x", 10, false }, { "1.", 10, false }
	};

	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		char text[40];
		struct mail_params p;
		struct reply r;
		int got;

		(void)snprintf(text, sizeof text, " MT-PRIORITY=%s",
		    t[i].value);
		got = params_mail(text, &by, &p, &r);
		if (t[i].priority == 10)
			ok(got == -1 && r.code == 501, text);
		else
			ok(got == 0 && p.priority == t[i].priority &&
			    p.lowered == t[i].lowered, text);
	}
}

/* Whatever belongs to a keyword that is off is unknown. */
static void
each_off(void)
{
	static const struct {
		enum keyword of;
		const char *text;
	} t[] = {
		{ KEYWORD_DELIVERBY, " BY=60;N" },
		{ KEYWORD_MT_PRIORITY, " MT-PRIORITY=1" },
		{ KEYWORD_FUTURERELEASE, " HOLDFOR=1" },
		{ KEYWORD_FUTURERELEASE, " HOLDUNTIL=2026-11-20T18:00:00Z" }
	};

	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		const struct offer off = { UINT64_C(1) << t[i].of, 0 };
		const struct params_by without = { .offer = &off,
		    .set = &bounds, .now = by.now };
		struct mail_params p;
		struct reply r;

		num(params_mail(t[i].text, &by, &p, &r), 0, t[i].text);
		ok(params_mail(t[i].text, &without, &p, &r) == -1 &&
		    r.code == 555, "  off");
		ok(params_growth(&off, VERB_MAIL) <
		    params_growth(&all, VERB_MAIL), "  the line is shorter");
	}
}

/* RFC 4954 5; its value may have 500 octets more (RFC 4954 3). */
static void
submitter(void)
{
	static const char *const bad[] = { " AUTH", " AUTH=", " AUTH=a",
	    " AUTH=a+0A@b", " AUTH=<a@b>", " AUTH=a@b AUTH=a@b" };
	const struct offer off = { UINT64_C(1) << KEYWORD_AUTH, 0 };
	const struct params_by without = { .offer = &off };
	char line[700] = " AUTH=";
	struct mail_params p;
	struct reply r;

	num(params_mail(" AUTH=<>", &by, &p, &r), 0, "nobody");
	is(p.auth, "<>", "as given");
	num(params_mail(" auth=a+2Bb@c.test", &by, &p, &r), 0, "a mailbox");
	is(p.auth, "a+2Bb@c.test", "in xtext");
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		ok(params_mail(bad[i], &by, &p, &r) == -1 && r.code == 501,
		    bad[i]);
	memset(line + 6, 'x', 501);
	ok(params_mail(line, &by, &p, &r) == -1 && r.code == 501, "too long");
	ok(params_mail(" AUTH=<>", &without, &p, &r) == -1 && r.code == 555,
	    "off");
	num(params_growth(&all, VERB_MAIL) - params_growth(&off, VERB_MAIL),
	    500, "by so much MAIL is longer");
}

static void
off_and_growth(void)
{
	const struct offer off = { UINT64_C(1) << KEYWORD_DSN, 0 };
	const struct params_by no_dsn = { .offer = &off };
	static const char *const mail_texts[] = { " RET=FULL", " ENVID=x" },
	    *const rcpt_texts[] = { " NOTIFY=NEVER", " ORCPT=rfc822;x" };
	struct mail_params p;
	struct rcpt_params q;
	struct reply r;

	for (size_t i = 0; i < 2; i++) {
		ok(params_mail(mail_texts[i], &no_dsn, &p, &r) == -1 &&
		    r.code == 555, "DSN off: MAIL");
		ok(params_rcpt(rcpt_texts[i], &no_dsn, &q, &r) == -1 &&
		    r.code == 555, "DSN off: RCPT");
	}
	num(params_growth(&all, VERB_RCPT) - params_growth(&off, VERB_RCPT),
	    29 + 507, "RCPT is longer with DSN");
	num(params_growth(&all, VERB_MAIL) - params_growth(&off, VERB_MAIL),
	    9 + 107, "and MAIL");
	num(params_growth(&all, VERB_RSET), 0, "RSET is not");
}

int
main(void)
{
	struct mail_params p;
	struct reply r;

	for (size_t i = 0; i < ARRAY_LEN(mail); i++) {
		const struct example *e = &mail[i];
		int got = params_mail(e->text, &by, &p, &r);

		if (e->code != 0)
			ok(got == -1 && r.code == e->code, e->text);
		else
			ok(got == 0 && p.size == e->size &&
			    strcmp(p.body, e->body) == 0, e->text);
	}
	recipients();
	dsn();
	times();
	priorities();
	each_off();
	submitter();
	off_and_growth();
	long_ones();
	switched_off();
	return done();
}

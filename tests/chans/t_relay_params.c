/*
 * t_relay_params - parameters that a server offers, and what does not fit.
 */
#include "config.h"

#include "chans/relay_params.h"
#include "lib/clock.h"
#include "tests/tap.h"

static const struct relay_kind smtp = { .lmtp = false },
    lmtp = { .lmtp = true };
static struct settings s;
static struct relay_side side = { .kind = &smtp, .s = &s };
static struct relay_talk t = { .side = &side, .peer = "peer" };
static struct qfile q;
static struct relay_body body = { .size = 100 };
static struct chan_answer a;

static void
mail(unsigned caps, const char *want, const char *what)
{
	char memory[1000];
	struct buf b;

	t.caps.has = caps;
	buf_fixed(&b, memory, sizeof memory);
	num(relay_params_mail(&b, &t, &q, &body), 0, "MAIL");
	is(buf_str(&b), want, what);
}

static void
rcpt(unsigned caps, const struct qfile_recipient *to, const char *want,
    const char *what)
{
	char memory[1000];
	struct buf b;

	t.caps.has = caps;
	buf_fixed(&b, memory, sizeof memory);
	num(relay_params_rcpt(&b, &t, &q, to), 0, "RCPT");
	is(buf_str(&b), want, what);
}

static void
unfit(unsigned caps, const char *address, const char *code, const char *what)
{
	t.caps.has = caps;
	a.code[0] = '\0';
	ok(relay_params_unfit(&t, &q, &body, NULL, address, &a) ==
	    (code[0] != '\0'), what);
	is(a.code, code, "and why");
}

/* Who submitted it first: RFC 4954 5. */
static void
submitter(void)
{
	q.auth = "<>";
	mail(RELAY_AUTH, "", "to one who does not know us nothing is said");
	t.known = true;
	mail(RELAY_AUTH, " AUTH=<>", "nobody, where we have logged in");
	q.auth = "ann+2Bx@a.test";
	mail(RELAY_AUTH, " AUTH=ann+2Bx@a.test", "as it was given");
	q.auth = "a b";
	mail(RELAY_AUTH, "", "what is no word never");
	q.auth = "";
	mail(RELAY_AUTH, "", "nor what there was not");
	t.known = false;
}

static void
fits(void)
{
	unfit(0, "a@b", "", "plain mail goes anywhere");
	unfit(0, "a\r\nRSET@b", "5.1.3", "no newline in an address");
	unfit(0, "\xc3\xa4@b", "5.6.7", "8 bits need SMTPUTF8");
	unfit(RELAY_SMTPUTF8, "\xc3\xa4@b", "", "and have it");
	body.odd = true;
	unfit(0, "a@b", "5.6.0", "a bare CR");
	body.odd = false;
	t.caps.size = 99;
	unfit(RELAY_SIZE, "a@b", "5.3.4", "too large");
	t.caps.size = 0;
	body.eight = true;
	unfit(0, "a@b", "5.6.3", "8 bits");
	unfit(RELAY_8BITMIME, "a@b", "", "are offered");
	body.binary = true;
	unfit(RELAY_8BITMIME | RELAY_CHUNKING, "a@b", "5.6.3", "binary");
	unfit(RELAY_BINARYMIME | RELAY_CHUNKING, "a@b", "", "is offered");
	body.binary = body.eight = false;
	q.by_mode = 'R';
	q.by = clock_wall_us() + 100000000;
	unfit(0, "a@b", "5.3.3", "BY=...;R is not passed on");
	unfit(RELAY_DELIVERBY, "a@b", "", "or is");
	t.caps.by = 1000;
	unfit(RELAY_DELIVERBY, "a@b", "5.3.3", "too little time for it");
	t.caps.by = 0;
	q.by_mode = 'N';
	unfit(0, "a@b", "", "with N it goes anywhere");
	q.by_mode = 0;
}

static void
insecure(unsigned caps, const char *code, const char *what)
{
	t.caps.has = caps;
	a.code[0] = '\0';
	ok(relay_params_insecure(&t, &q, &a) == (code[0] != '\0'), what);
	is(a.code, code, "and why");
}

/* RFC 8689 4.2.1 and RFC 8689 5 */
static void
requiretls(void)
{
	q = (struct qfile){ .sender = "s@b", .body = "", .ret = "",
	    .envid = "" };
	insecure(0, "", "who does not ask for it");
	mail(RELAY_REQUIRETLS, "", "needs none");
	q.requiretls = true;
	insecure(RELAY_REQUIRETLS, "5.7.10", "REQUIRETLS in the clear");
	t.local = true;
	insecure(0, "", "within this machine");
	t.local = false;
	t.secure = true;
	insecure(RELAY_REQUIRETLS, "5.7.10", "to somebody unknown");
	mail(RELAY_REQUIRETLS, "", "who is not asked either");
	t.proven = true;
	insecure(0, "5.7.30", "not offered");
	insecure(RELAY_REQUIRETLS, "", "all of it");
	mail(RELAY_REQUIRETLS, " REQUIRETLS", "and asked for");
	q.sender = "";
	insecure(0, "", "a notice goes all the same");
	mail(0, "", "without");
	mail(RELAY_REQUIRETLS, " REQUIRETLS", "or with it");
	t.secure = t.proven = false;
}

/* RFC 2852 4.1.4.2 */
static void
deadlines(void)
{
	struct qfile_recipient to = { .notify = "", .orcpt = "" };

	q.by_mode = 'N';
	q.by = clock_wall_us() + 60000000;
	rcpt(RELAY_DSN, &to, " NOTIFY=FAILURE,DELAY", "it would be lost");
	rcpt(RELAY_DSN | RELAY_DELIVERBY, &to, "", "it is known there");
	to.notify = "SUCCESS";
	rcpt(RELAY_DSN, &to, " NOTIFY=SUCCESS,DELAY", "more is asked for");
	to.notify = "DELAY";
	rcpt(RELAY_DSN, &to, " NOTIFY=DELAY", "it is already");
	to.notify = "NEVER";
	rcpt(RELAY_DSN, &to, " NOTIFY=NEVER", "never");
	to.notify = "";
	q.by = clock_wall_us() - 1000000;
	rcpt(RELAY_DSN, &to, "", "that is over");
	q.by_mode = 0;
}

int
main(void)
{
	submitter();
	struct qfile_recipient to = { .notify = "NEVER",
	    .orcpt = "rfc822;a+2Bb@c" };

	q = (struct qfile){ .sender = "s@b", .body = "", .ret = "FULL",
	    .envid = "x+20y" };
	mail(0, "", "nothing is offered");
	mail(RELAY_SIZE | RELAY_DSN, " SIZE=100 RET=FULL ENVID=x+20y",
	    "SIZE and DSN");
	q.envid = "x\r\nRSET";
	mail(RELAY_DSN, " RET=FULL", "never what is no word");
	q.body = "8BITMIME";
	mail(RELAY_8BITMIME, " BODY=8BITMIME", "as it was declared");
	q.utf8 = true;
	q.priority = -3;
	mail(RELAY_SMTPUTF8 | RELAY_MT_PRIORITY, " SMTPUTF8 MT-PRIORITY=-3",
	    "SMTPUTF8 and MT-PRIORITY");
	q.utf8 = false;
	q.by_mode = 'N';
	q.by_trace = true;
	q.by = clock_wall_us() - 10500000;
	mail(RELAY_DELIVERBY, " BY=-10;NT", "what is left of the time");
	q.by_mode = 0;
	rcpt(0, &to, "", "no DSN");
	rcpt(RELAY_DSN, &to, " NOTIFY=NEVER ORCPT=rfc822;a+2Bb@c", "DSN");
	to.orcpt = "utf-8;\xc3\xa4@c";
	rcpt(RELAY_DSN, &to, " NOTIFY=NEVER", "no UTF-8 without SMTPUTF8");
	deadlines();
	fits();
	requiretls();
	t.caps.has = RELAY_DELIVERBY;
	num(relay_params_relayed(&t), CHAN_RELAYED_NO_DSN,
	    "relayed (RFC 3461 5.2.2)");
	t.caps.has = RELAY_DSN | RELAY_DELIVERBY;
	num(relay_params_relayed(&t), CHAN_RELAYED_DSN,
	    "with its DSN (RFC 3461 5.2.1)");
	t.caps.has = RELAY_DSN;
	num(relay_params_relayed(&t), CHAN_RELAYED_DSN | CHAN_RELAYED_NO_BY,
	    "but no DELIVERBY");
	side.kind = &lmtp;
	t.caps.has = 0;
	num(relay_params_relayed(&t), 0, "LMTP delivers");
	return done();
}

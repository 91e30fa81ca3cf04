/*
 * t_subproto - every record there and back, and every way to be malformed.
 */
#include "config.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>
#include "lib/clock.h"
#include "lib/spfresult.h"
#include "lib/subproto.h"
#include "tests/tap.h"

#define HEADER sizeof(struct sub_header)

/* The payload of the one frame in b; its header is checked. */
static const char *
payload(const struct buf *b, enum sub_type type, size_t *len_r)
{
	struct sub_header h;

	ok(b->len >= HEADER && sub_get_header(b->p, &h) == 0 &&
	    h.type == type && h.len == b->len - HEADER, "its header");
	*len_r = b->len - HEADER;
	return b->p + HEADER;
}

static void
hello(struct buf *b)
{
	struct sub_hello h = { .version = SUB_VERSION, .kind = SUB_DECLARED,
	    .flags = SUB_EACH, .row = 0x01020304, .serial = UINT64_MAX - 5,
	    .token = "0123456789abcde", .listener = -1, .finicky = 1,
	    .channels = "lan,mx",
	    .certificate = "00 11 + CN=x" }, g;
	size_t len;
	const char *p;

	ok(net_parse("192.0.2.1", &h.peer) == 0 &&
	    net_parse("2001:db8::1", &h.local) == 0, "addresses");
	h.peer.port = 65535;
	ok(variables_set(&h.variables, "RELAYCLIENT", "") == 0 &&
	    variables_set(&h.variables, "DATABYTES", "9999") == 0,
	    "variables");
	buf_reset(b);
	num(sub_put_hello(b, &h), 0, "HELLO");
	p = payload(b, SUB_HELLO, &len);
	num(sub_get_hello(p, len, &g), 0, "and back");
	ok(memcmp(&g, &h, sizeof(g)) == 0, "the same");
	num(sub_get_hello(p, len - 1, &g), -1, "cut");
	num(sub_get_hello(p, len + 1, &g), -1, "with a tail");
	ok(p[0] == SUB_VERSION && p[1] == 0 && p[4] == 4 && p[7] == 1,
	    "numbers are little endian");
	b->p[HEADER] = SUB_VERSION + 1;
	num(sub_get_hello(p, len, &g), -1, "another version");
	b->p[HEADER] = SUB_VERSION;
	b->p[HEADER + 2] = 0;
	num(sub_get_hello(p, len, &g), -1, "no kind");
	b->p[HEADER + 2] = SUB_NOTICE + 1;
	num(sub_get_hello(p, len, &g), -1, "an unknown kind");
	b->p[HEADER + 2] = SUB_LOCAL;
	b->p[HEADER + 3] = 4;
	num(sub_get_hello(p, len, &g), -1, "an unknown flag");
	b->p[HEADER + 3] = 0;
	num(sub_get_hello(p, len, &g), 0, "without flags");
	b->p[HEADER + 32] = 5;
	num(sub_get_hello(p, len, &g), -1, "an unknown family");
	b->p[HEADER + 32] = 4;
	b->p[HEADER + 32 + 3 + 4] = 1;
	num(sub_get_hello(p, len, &g), -1, "an address with a tail");
	(void)snprintf(h.variables.text, sizeof(h.variables.text), "PATH=x");
	buf_reset(b);
	num(sub_put_hello(b, &h), 0, "a variable that is none");
	p = payload(b, SUB_HELLO, &len);
	num(sub_get_hello(p, len, &g), -1, "is not taken");
	memset(&h.variables, 0, sizeof(h.variables));
	memset(h.channels, 'x', sizeof(h.channels));
	h.channels[sizeof(h.channels) - 1] = '\0';
	buf_reset(b);
	num(sub_put_hello(b, &h), 0, "the longest channels");
	p = payload(b, SUB_HELLO, &len);
	ok(sub_get_hello(p, len, &g) == 0 && strlen(g.channels) == 511,
	    "come back");
}

static void
envelope(struct buf *b)
{
	struct sub_envelope e = { .sender = "a@b", .helo = "c", .with = "SMTP",
	    .tls = "TLSv1.3 C", .body = "8BITMIME", .sid = "s1",
	    .channel = "mx", .name = "",
	    .envid = "j\303\266", .ret = NULL, .auth = "<>", .id = "X",
	    .size = -1, .hold = INT64_MAX, .hold_for = 7, .by = 1,
	    .by_mode = 'N', .by_trace = true, .utf8 = true, .priority = -9 }, g;
	char big[SUB_FIELD_MOST + 2];
	size_t len;
	const char *p;

	buf_reset(b);
	num(sub_put_envelope(b, &e), 0, "ENVELOPE");
	p = payload(b, SUB_ENVELOPE, &len);
	num(sub_get_envelope(p, len, &g), 0, "and back");
	is(g.sender, "a@b", "sender");
	is(g.body, "8BITMIME", "body");
	is(g.tls, "TLSv1.3 C", "tls");
	is(g.envid, "j\303\266", "8-bit bytes pass");
	is(g.ret, "", "null is empty");
	is(g.id, "X", "id");
	is(g.auth, "<>", "auth");
	num(g.size, -1, "no size");
	ok(g.hold == INT64_MAX && g.hold_for == 7 && g.by == 1 &&
	    g.by_mode == 'N' && g.by_trace && g.utf8 &&
	    !g.requiretls && g.priority == -9,
	    "what was asked for");
	num(sub_get_envelope(p, len - 1, &g), -1, "cut");
	num(sub_get_envelope(p, len + 1, &g), -1, "with a tail");
	b->p[HEADER]++;
	num(sub_get_envelope(p, len, &g), -1, "a length that lies");
	b->p[HEADER]--;
	b->p[HEADER + 5] = 'x';
	num(sub_get_envelope(p, len, &g), -1, "no NUL");
	b->p[HEADER + 5] = '\0';
	b->p[HEADER + 3] = '\0';
	num(sub_get_envelope(p, len, &g), -1, "a NUL inside");
	b->p[HEADER + 3] = '\n';
	num(sub_get_envelope(p, len, &g), -1, "a newline");
	b->p[HEADER + 3] = '\177';
	num(sub_get_envelope(p, len, &g), -1, "DEL");
	b->p[HEADER + 3] = '@';
	num(sub_get_envelope(p, len, &g), 0, "mended");
	for (size_t i = 0; i < 3; i++) {
		/* priority, flags, mode, deadline, HOLDFOR, hold */
		char *top = &b->p[b->len - 7 - 8 * i - (i > 0 ? 4 : 0)];

		*top = (char)(*top ^ 0x80);
		num(sub_get_envelope(p, len, &g), i == 2 ? 0 : -1,
		    i == 0 ? "a negative deadline" : i == 1 ?
		    "a negative hold" : "no size is -1 alone");
		*top = (char)(*top ^ 0x80);
	}
	b->p[b->len - 5] = 8;
	num(sub_get_envelope(p, len, &g), -1, "an unknown flag");
	b->p[b->len - 5] = 0;
	ok(sub_get_envelope(p, len, &g) == 0 && !g.utf8 && !g.by_trace,
	    "no flag");

	buf_reset(b);
	e.spf = SPF_PERMERROR;
	e.listed = 0x80000001;
	num(sub_put_envelope(b, &e), 0, "with results");
	ok(sub_get_envelope(b->p + HEADER, b->len - HEADER, &g) == 0 &&
	    g.spf == SPF_PERMERROR && g.spf_helo == 0 &&
	    g.listed == 0x80000001, "and back");
	buf_reset(b);
	e.spf_helo = SPF_RESULTS;
	num(sub_put_envelope(b, &e), 0, "one that there is not");
	num(sub_get_envelope(b->p + HEADER, b->len - HEADER, &g), -1,
	    "is none");
	e.spf_helo = 0;
	buf_reset(b);
	e.size = INT64_MAX;
	e.helo = "a\tb";
	num(sub_put_envelope(b, &e), -1, "a control character is not sent");
	num(b->len, 0, "nor half a frame");
	memset(big, 'x', sizeof(big));
	big[SUB_FIELD_MOST + 1] = '\0';
	e.helo = big;
	num(sub_put_envelope(b, &e), -1, "a field too long");
	big[SUB_FIELD_MOST] = '\0';
	num(sub_put_envelope(b, &e), 0, "the longest field");
	p = payload(b, SUB_ENVELOPE, &len);
	ok(sub_get_envelope(p, len, &g) == 0 && strcmp(g.helo, big) == 0 &&
	    g.size == INT64_MAX, "comes back");
}

static void
recipient(struct buf *b)
{
	struct sub_recipient r = { "x@y", "NEVER", "rfc822;x@y" }, g;
	size_t len, i;
	bool refused = true;
	const char *p;

	buf_reset(b);
	num(sub_put_recipient(b, &r), 0, "RECIPIENT");
	p = payload(b, SUB_RECIPIENT, &len);
	num(sub_get_recipient(p, len, &g), 0, "and back");
	is(g.address, "x@y", "address");
	is(g.notify, "NEVER", "notify");
	is(g.orcpt, "rfc822;x@y", "orcpt");
	for (i = 0; i < len; i++)
		refused = refused && sub_get_recipient(p, i, &g) == -1;
	ok(refused, "cut anywhere");
}

static void
verdict(struct buf *b)
{
	struct sub_verdict v = { .id = "0123456789ABCDEFGHJK" }, g;
	size_t len;
	const char *p;

	reply_set(&v.reply, REPLY_TOO_BIG, 5LL);
	reply_because(&v.reply, "size");
	reply_limit(&v.reply, "max", 6, 5);
	buf_reset(b);
	num(sub_put_verdict(b, &v), 0, "VERDICT");
	p = payload(b, SUB_VERDICT, &len);
	num(sub_get_verdict(p, len, &g), 0, "and back");
	ok(memcmp(&g, &v, sizeof(g)) == 0, "the same");
	num(sub_get_verdict(p, len - 1, &g), -1, "cut");
	b->p[HEADER + 3] = 0;
	num(sub_get_verdict(p, len, &g), -1, "code 40");
	b->p[HEADER + 3] = 2;
	b->p[HEADER + 1] = 1;
	num(sub_get_verdict(p, len, &g), -1, "an unknown reply");
	b->p[HEADER + 1] = 0;
	num(sub_get_verdict(p, len, &g), 0, "mended");
	b->p[HEADER + 16] = (char)0xc3;
	num(sub_get_verdict(p, len, &g), -1, "an 8-bit byte in the text");
	memcpy(v.id, "0123456789ABCDEFGHJ\n", 20);
	buf_reset(b);
	num(sub_put_verdict(b, &v), -1, "a newline is not sent");
	reply_set(&v.reply, REPLY_OK);
	v.reply.code = 600;
	v.id[0] = '\0';
	num(sub_put_verdict(b, &v), 0, "code 600");
	p = payload(b, SUB_VERDICT, &len);
	num(sub_get_verdict(p, len, &g), -1, "is refused");
}

static void
frames(struct buf *b)
{
	static char data[SUB_FRAME_MOST + 1];
	struct sub_header h;
	struct buf small;
	uint64_t n;
	size_t len;
	const char *p;

	buf_reset(b);
	num(sub_put_commit(b, 0x0102030405060708), 0, "COMMIT");
	p = payload(b, SUB_COMMIT, &len);
	ok(sub_get_commit(p, len, &n) == 0 && n == 0x0102030405060708,
	    "and back");
	num(sub_get_commit(p, 7, &n), -1, "cut");
	num(sub_get_commit(p, 9, &n), -1, "with a tail");
	buf_reset(b);
	num(sub_put_frame(b, SUB_DATA, data, SUB_FRAME_MOST), 0, "most DATA");
	payload(b, SUB_DATA, &len);
	num(len, SUB_FRAME_MOST, "all of it");
	num(sub_put_frame(b, SUB_DATA, data, SUB_FRAME_MOST + 1), -1,
	    "one more");
	buf_reset(b);
	num(sub_put_frame(b, SUB_ABORT, NULL, 0), 0, "ABORT");
	payload(b, SUB_ABORT, &len);
	num(sub_get_header("\0\0\0\0A\0\0\1", &h), -1, "a pad not zero");
	num(sub_get_header("\0\0\0\0X\0\0\0", &h), -1, "no such type");
	num(sub_get_header("\0\0\0\0\0\0\0\0", &h), -1, "no type");
	num(sub_get_header("\1\0\1\0D\0\0\0", &h), -1, "too long");
	num(sub_get_header("\0\0\1\0D\0\0\0", &h), 0, "just not");
	buf_init(&small, 12);
	num(sub_put_commit(&small, 1), -1, "no room");
	num(small.len, 0, "no half a frame");
	num(sub_put_frame(&small, SUB_DATA, "abcd", 4), 0, "room for this");
	num(small.len, 12, "and full");
	num(sub_put_frame(&small, SUB_ABORT, NULL, 0), -1, "no more");
	num(small.len, 12, "unchanged");
	buf_free(&small);
}

/* What sub_read_verdict() makes of len bytes and the end. */
static int
read_back(const void *p, size_t len, struct sub_verdict *v_r)
{
	int s[2], result;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, s) == -1 ||
	    write(s[1], p, len) != (ssize_t)len)
		return -2;
	close(s[1]);
	result = sub_read_verdict(s[0], clock_ms() + 5000, v_r);
	close(s[0]);
	return result;
}

static void
reading(struct buf *b)
{
	struct sub_verdict v = { .id = "" }, g;
	int s[2];

	reply_set(&v.reply, REPLY_QUEUED, "X");
	buf_reset(b);
	num(sub_put_verdict(b, &v), 0, "a verdict");
	num(read_back(b->p, b->len, &g), 0, "is read");
	is(g.reply.text, "Queued as X", "its text");
	num(read_back(b->p, b->len - 1, &g), -1, "cut");
	num(read_back(b->p, 3, &g), -1, "a cut header");
	num(read_back(b->p, 0, &g), -1, "nothing");
	b->p[4] = 'D';
	num(read_back(b->p, b->len, &g), -1, "another frame");
	b->p[4] = 'V';
	b->p[2] = 1;
	num(read_back(b->p, b->len, &g), -1, "far too long");
	ok(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0 &&
	    sub_read_verdict(s[0], clock_ms() + 30, &g) == -1 &&
	    errno == ETIMEDOUT, "silence");
	close(s[0]);
	close(s[1]);
}

int
main(void)
{
	struct buf b;

	buf_init(&b, 2 * SUB_FRAME_MOST);
	hello(&b);
	envelope(&b);
	recipient(&b);
	verdict(&b);
	frames(&b);
	reading(&b);
	buf_free(&b);
	return done();
}

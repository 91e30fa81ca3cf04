/*
 * envelopes: names, addresses and parameters made of what hurts somewhere
 * (controls raw, in xtext, quoted and as UTF-8, line ends, escapes, formats)
 * go through a real session; no control character comes out of it, in what it
 * sends to submit, in the queue's records and the Received: line that are
 * made of that, in its log, or in its replies.
 *
 *	t_envelopes.t [envelopes [seed]]
 *
 * Policy is switched off, so that all that parses is taken.
 */
#include "config.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>

#include "lib/qfile.h"
#include "smtpsrvr/consult.h"
#include "tables/route.h"
#include "tests/smtpsrvr/fixture.h"
#include "tests/tap.h"

#define LINES 8

static struct {
	char lines[LINES][8192];
	size_t len[LINES];
	int nlines, at;
	size_t used;
	char replies[65536], frames[65536];
	size_t nreplies, nframes;
	uint64_t seed;
	int log[2];
	uint64_t taken, refused, logged;
	int bad;
} x;

/* ---- the oracle: bytes, and what they are as UTF-8 (RFC 3629) ---- */

/* Length of the well-formed character at p, or 0. */
static size_t
character(const unsigned char *p, size_t len, uint32_t *code_r)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = p[0] < 0x80 ? 1 : p[0] >> 5 == 6 ? 2 : p[0] >> 4 == 14 ?
	    3 : p[0] >> 3 == 30 ? 4 : 0;
	uint32_t code = n == 1 ? p[0] : p[0] & (0x7f >> n);

	if (n == 0 || n > len)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if (p[i] >> 6 != 2)
			return 0;
		code = code << 6 | (p[i] & 0x3f);
	}
	*code_r = code;
	return code < least[n] || code > 0x10ffff ||
	    (code >= 0xd800 && code < 0xe000) ? 0 : n;
}

static bool
harmless(const char *text, size_t len)
{
	const unsigned char *p = (const unsigned char *)text;
	uint32_t code = 0;
	size_t n;

	for (; len > 0; p += n, len -= n) {
		n = character(p, len, &code);
		if (n == 0 || code < 0x20 || (code >= 0x7f && code < 0xa0))
			return false;
	}
	return true;
}

static bool
ascii(const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (p[i] < 0x20 || p[i] > 0x7e)
			return false;
	return true;
}

static void
must(bool good, const char *what)
{
	if (good || x.bad++ >= 5)
		return;
	printf("# %s: seed %" PRIu64 ":", what, x.seed);
	for (int i = 0; i < x.nlines; i++) {
		printf("\n#   ");
		for (size_t at = 0; at < x.len[i] && at < 300; at++) {
			unsigned char c = (unsigned char)x.lines[i][at];

			printf(c >= 0x20 && c < 0x7f ? "%c" : "\\x%02x", c);
		}
	}
	printf("\n");
}

/* ---- the world ---- */

int __wrap_fd_writev(int fd, struct iovec *v, int n, int64_t deadline);
int __wrap_fd_write(int fd, const void *p, size_t len, int64_t deadline);
int __wrap_net_unix_connect(const char *path, int type);
int __wrap_sub_read_verdict(int fd, int64_t deadline,
    struct sub_verdict *v_r);
int __wrap_route_recipient(const struct site *t, const struct sending *from,
    const struct mailbox *to, struct routes *rs_r, struct reply *r,
    struct authorised *why_r);
int __wrap_consult_domain(struct session *s, struct mailbox *m,
    enum reply_name bad, struct reply *reply_r);

int
__wrap_fd_writev(int fd, struct iovec *v, int n, int64_t deadline)
{
	(void)fd;
	(void)deadline;
	for (int i = 0; i < n; i++) {
		if (v[i].iov_len > sizeof x.frames - x.nframes)
			exit(1);
		memcpy(x.frames + x.nframes, v[i].iov_base, v[i].iov_len);
		x.nframes += v[i].iov_len;
	}
	return 0;
}

int
__wrap_fd_write(int fd, const void *p, size_t len, int64_t deadline)
{
	(void)fd;
	(void)p;
	(void)len;
	(void)deadline;
	return 0;
}

int
__wrap_net_unix_connect(const char *path, int type)
{
	(void)path;
	(void)type;
	return 1 << 20;		/* no descriptor: closing it does nothing */
}

int
__wrap_sub_read_verdict(int fd, int64_t deadline, struct sub_verdict *v_r)
{
	(void)fd;
	(void)deadline;
	memset(v_r, 0, sizeof *v_r);
	reply_set(&v_r->reply, REPLY_QUEUED, "x");
	x.taken++;
	return 0;
}

int
__wrap_route_recipient(const struct site *t, const struct sending *from,
    const struct mailbox *to, struct routes *rs_r, struct reply *r,
    struct authorised *why_r)
{
	(void)t;
	(void)from;
	(void)rs_r;
	(void)r;
	(void)why_r;
	return to == NULL ? -1 : 0;
}

/* More of the original gets through than where A-labels are made. */
int
__wrap_consult_domain(struct session *s, struct mailbox *m,
    enum reply_name bad, struct reply *reply_r)
{
	(void)s;
	(void)bad;
	(void)reply_r;
	return m == NULL ? -1 : 0;
}

/* ---- what came of it ---- */

static void
check_entry(const struct sub_envelope *e, const struct sub_recipient *to,
    size_t n)
{
	struct trace_facts f = { .shows = TRACE_ALL, .helo = e->helo,
	    .name = e->name, .login = "", .by = "mx.test.example",
	    .with = e->with, .tls = e->tls, .priority = e->priority,
	    .id = "0123456789ABCDEFGHJK", .only_for = to[0].address };
	struct buf b;

	buf_init(&b, 65536);
	if (net_parse("192.0.2.7", &f.peer) != 0 ||
	    trace_received(&b, &f) != 0)
		must(false, "a Received: line");
	for (size_t i = 0; i < b.len; i++) {
		bool last = i + 1 == b.len;

		if (b.p[i] == '\n' && (last || b.p[i + 1] == '\t' ||
		    b.p[i + 1] == ' '))
			b.p[i] = ' ';
		else if (b.p[i] == '\t' && i > 0 && b.p[i - 1] == ' ')
			b.p[i] = ' ';
	}
	must(harmless(b.p, b.len), "Received: has no controls");
	buf_reset(&b);
	for (size_t i = 0; i < n; i++) {
		struct qfile_recipient r = { "world", "x.test",
		    to[i].address, "", to[i].address, to[i].notify,
		    to[i].orcpt };

		must(qfile_put_recipient(&b, &r) == 0, "a recipient's record");
	}
	must(qfile_put(&b, QFILE_SENDER, e->sender) == 0 &&
	    qfile_put(&b, QFILE_HELO, e->helo) == 0 &&
	    qfile_put(&b, QFILE_ENVID, e->envid) == 0 &&
	    qfile_put(&b, QFILE_AUTH, e->auth) == 0, "records");
	buf_free(&b);
}

static void
field(const char *text, const char *what)
{
	must(harmless(text, strlen(text)), what);
}

static void
check_frames(void)
{
	struct sub_recipient to[LINES];
	struct sub_envelope e = { 0 };
	size_t n = 0, at = 0;

	while (x.nframes - at >= sizeof(struct sub_header)) {
		struct sub_header h;
		const char *p = x.frames + at + sizeof h;

		if (sub_get_header(x.frames + at, &h) != 0 ||
		    h.len > x.nframes - at - sizeof h) {
			must(false, "a frame");
			return;
		}
		at += sizeof h + h.len;
		if (h.type == SUB_ENVELOPE) {
			must(sub_get_envelope(p, h.len, &e) == 0,
			    "an envelope that submit reads");
			field(e.sender, "sender");
			field(e.helo, "HELO");
			field(e.envid, "ENVID");
			field(e.auth, "AUTH");
			field(e.body, "BODY");
			field(e.ret, "RET");
		} else if (h.type == SUB_RECIPIENT && n < LINES) {
			must(sub_get_recipient(p, h.len, &to[n]) == 0,
			    "a recipient that submit reads");
			field(to[n].address, "recipient");
			field(to[n].notify, "NOTIFY");
			field(to[n++].orcpt, "ORCPT");
		}
	}
	if (n > 0 && e.sender != NULL)
		check_entry(&e, to, n);
}

static void
check_log(void)
{
	static char line[65536];
	ssize_t n;

	while ((n = recv(x.log[1], line, sizeof line, MSG_DONTWAIT)) > 0) {
		must(ascii(line, (size_t)n) && n <= LOG_LINE,
		    "a line of the log is printable ASCII and bounded");
		x.logged++;
	}
}

static void
check_replies(void)
{
	char *p = x.replies, *end = p + x.nreplies, *lf;

	for (; p < end; p = lf + 1) {
		lf = memchr(p, '\n', (size_t)(end - p));
		if (lf == NULL || lf - p < 5 || lf[-1] != '\r') {
			must(false, "replies are lines");
			return;
		}
		must(ascii(p, (size_t)(lf - 1 - p)) && lf + 1 - p <= 512,
		    "a reply is printable, of 512 octets (RFC 5321 4.5.3.1.5)");
	}
}

/* ---- what a client says ---- */

static uint64_t
chance(uint64_t below)
{
	x.seed ^= x.seed << 13;
	x.seed ^= x.seed >> 7;
	x.seed ^= x.seed << 17;
	return (x.seed >> 11) % below;
}

static const char *const good[] = { "a", "jo", "x1", "mail", "b-c", "\xc3\xa9",
    "\xe6\xbc\xa2", "\xd0\xb6", "+2B", "+3D", "d.e", "\xf0\x9f\x93\xa7" };
static const char *const evil[] = {
    /* controls raw, C1 both ways, DEL */
    "\x01", "\x07", "\x08", "\t", "\x0b", "\x0c", "\x1b", "\x1b[2J", "\x7f",
    "\xc2\x85", "\xc2\x9b", "\x9b", "\x85", "\xc2\x80", "\xc2\x9f",
    /* quoted, in xtext and in ORCPT's own way */
    "\"\\\x01\"", "\"\\\x1b\"", "\"a\tb\"", "\"\\\t\"", "\\\x7f", "\"\"",
    "+0A", "+0D+0A", "+00", "+1B", "+7F", "+0a", "+ZZ", "+", "+C2+85", "+9B",
    "\\x{0A}", "\\x{1B}", "\\x{85}", "\\x{202E}", "\\x{0}", "\\x{D800}",
    /* what is no UTF-8, or not nice */
    "\xc0\x8a", "\xe0\x80\x8d", "\xed\xa0\x80", "\xff", "\xfe", "\xc2",
    "\xf4\x90\x80\x80", "\xe2\x80\xae", "\xe2\x80\xa8", "\xef\xbb\xbf",
    "\xef\xbf\xbe", "\xcc\x81",
    /* what others expand or take for an end */
    "%n%s%x", "${run{id}}", "$(id)", "`id`", "|id", "../../x", ";", ",", "(",
    ")", "<", ">", "@", ":", "\\", "\"", "'", " ", "=", "[", "]", "#", "--",
    ": from=<", "sid=x qid=y" };

static void
add(int line, const char *text, size_t len)
{
	size_t at = x.len[line], room = sizeof x.lines[0] - 8;

	if (at > room || len > room - at)
		return;
	memcpy(x.lines[line] + at, text, len);
	x.len[line] = at + len;
}

static void
adds(int line, const char *text)
{
	add(line, text, strlen(text));
}

static void
piece(int line)
{
	unsigned kind = (unsigned)chance(100);
	char byte = (char)chance(256);

	if (kind < 1)
		add(line, kind == 0 && chance(2) == 0 ? "\r" : "\n", 1);
	else if (kind < 2)
		add(line, "\0", 1);
	else if (kind < 4)
		add(line, &byte, 1);
	else if (kind < 70)
		adds(line, good[chance(ARRAY_LEN(good))]);
	else
		adds(line, evil[chance(ARRAY_LEN(evil))]);
}

/* Most are nearly good: what is refused at once shows little. */
static void
pieces(int line)
{
	size_t n = chance(6) == 0 ? chance(30) : 1 + chance(4);
	bool tame = chance(2) == 0;

	while (n-- > 0)
		if (tame)
			adds(line, good[chance(ARRAY_LEN(good))]);
		else
			piece(line);
}

static void
path(int line)
{
	bool quoted = chance(3) == 0;

	adds(line, "<");
	adds(line, quoted ? "\"" : "");
	pieces(line);
	adds(line, quoted ? "\"" : "");
	adds(line, "@");
	if (chance(3) == 0)
		pieces(line);
	adds(line, chance(4) == 0 ? "[192.0.2.1]" : "x.test");
	adds(line, ">");
}

static void
mail_line(int line)
{
	static const char *const words[] = { " ENVID=", " AUTH=", " BODY=",
	    " RET=", " SIZE=", " BY=", " HOLDFOR=", " MT-PRIORITY=", " X=" };

	adds(line, "MAIL FROM:");
	path(line);
	if (chance(3) != 0)
		adds(line, " SMTPUTF8");
	for (size_t n = chance(3); n > 0; n--) {
		adds(line, words[chance(chance(2) == 0 ? 2 :
		    ARRAY_LEN(words))]);
		pieces(line);
	}
}

static void
rcpt_line(int line)
{
	static const char *const words[] = { " ORCPT=rfc822;",
	    " ORCPT=utf-8;", " ORCPT=", " NOTIFY=", " X=" };

	adds(line, "RCPT TO:");
	path(line);
	if (chance(2) == 0) {
		adds(line, words[chance(chance(2) == 0 ? 2 :
		    ARRAY_LEN(words))]);
		pieces(line);
	}
}

static void
make_lines(void)
{
	int n = 0;

	memset(x.len, 0, sizeof x.len);
	adds(n, chance(4) == 0 ? "HELO " : "EHLO ");
	pieces(n++);
	adds(n++, "EHLO x.test");	/* if that was refused */
	mail_line(n++);
	/* Two of three: a sender and a recipient that are taken. */
	adds(n, chance(3) != 0 ? "MAIL FROM:<\xc3\xa9@x.test> SMTPUTF8" :
	    "NOOP");
	n++;
	rcpt_line(n++);
	rcpt_line(n++);
	adds(n++, chance(3) != 0 ? "RCPT TO:<jo@x.test>" : "NOOP");
	adds(n++, "BDAT 3 LAST");
	for (int i = 0; i < n; i++)
		adds(i, "\r\n");
	adds(n - 1, "a\r\n");
	x.nlines = n;
}

static ssize_t
client_read(void *ctx, void *p, size_t size, short *events_r)
{
	size_t n;

	(void)ctx;
	(void)events_r;
	if (x.at < x.nlines && x.used == x.len[x.at]) {
		x.at++;
		x.used = 0;
	}
	if (x.at == x.nlines)
		return 0;
	n = x.len[x.at] - x.used < size ? x.len[x.at] - x.used : size;
	memcpy(p, x.lines[x.at] + x.used, n);
	x.used += n;
	return (ssize_t)n;
}

static ssize_t
client_write(void *ctx, const void *p, size_t len, short *events_r)
{
	(void)ctx;
	(void)events_r;
	if (len > sizeof x.replies - x.nreplies)
		exit(1);
	memcpy(x.replies + x.nreplies, p, len);
	x.nreplies += len;
	return (ssize_t)len;
}

static void
client_end(void *ctx)
{
	(void)ctx;
}

static const struct wire_cover client = { client_read, client_write,
    client_end };

static void
play(const struct server *v)
{
	static struct session s;
	struct row_pass who = { .serial = 1234567, .listener = 0 };

	if (net_parse("192.0.2.7", &who.peer) != 0)
		exit(1);
	memset(&s, 0, offsetof(struct session, wire));
	memset(&s.forged, 0, sizeof s.forged);
	session_init(&s, v, &who, "", -1, -1, -1);
	s.wire.cover = &client;
	x.at = 0;
	x.used = x.nreplies = x.nframes = 0;
	session_greet(&s);
	while (!s.over && !s.lost)
		session_step(&s);
	if (wire_flush(&s.wire) != WIRE_OK)
		exit(1);
	x.refused += s.errors + s.refused;
	session_reset(&s);
	buf_free(&s.tx.recipients);
	free(s.hello);
	check_frames();
	check_replies();
	check_log();
}

int
main(int argc, char **argv)
{
	uint64_t n = argc > 1 ? strtoull(argv[1], NULL, 10) : 20000;
	static struct server v;

	x.seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 20261121;
	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, x.log) != 0)
		return 1;
	fixture_server(&v);
	log_open("smtpsrvr", x.log[0], LEVEL_INFO);
	for (int c = -1; c < (int)v.conf->nchannels; c++) {
		union { const struct settings *in; struct settings *out; } u =
		    { server_settings(&v, 0, c) };

		u.out->log_level = LEVEL_INFO;
	}
	v.jail = "/nonexistent";
	for (uint64_t i = 0; i < n; i++) {
		make_lines();
		play(&v);
	}
	num(x.bad, 0, "no control character comes out of any envelope");
	ok(x.taken > n / 20, "many of them are taken");
	ok(x.refused > n, "and many refused");
	ok(x.logged > n, "and logged");
	printf("# figure G16: %" PRIu64 " hostile envelopes, %" PRIu64
	    " messages taken, %" PRIu64 " refusals, %" PRIu64 " lines of log, "
	    "%d with a control character\n", n, x.taken, x.refused, x.logged,
	    x.bad);
	return done();
}

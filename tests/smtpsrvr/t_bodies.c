/*
 * bodies: texts made of line ends, dots, bare CR, bare LF and NUL, by DATA and
 * by BDAT and in any pieces, through a real session, against a machine that
 * goes byte by byte and shares nothing with the server.  What submit is handed
 * is what that machine says, octet for octet, and holds no CR and no NUL; or
 * the text is refused, and nothing is handed on.
 *
 * Before that all look-alikes of the end are tried, three octets before a dot
 * and some after it, cut at every place, with commands behind them.
 *
 *	t_bodies.t [bodies [seed]]
 */
#include "config.h"

#include <stddef.h>
#include <stdlib.h>

#include "tests/smtpsrvr/fixture.h"
#include "tests/tap.h"

#define BODY_MOST 2048
#define ITEMS 40

enum verdict { STORED, BARE };

static struct {
	uint64_t seed;
	char body[BODY_MOST], want[BODY_MOST + 8];
	size_t len, nwant;
	enum verdict verdict;
	bool chunks, binary;
	/* what the client says, an item a packet at most */
	char said[4 * BODY_MOST];
	size_t start[ITEMS + 1];
	int nitems, at;
	size_t used;
	char replies[65536], stored[2 * BODY_MOST];
	size_t nreplies, nstored;
	int commits, bad;
	uint64_t taken, refused, octets;
} x;

/* ---- the machine ---- */

/* RFC 5321 2.3.8, 4.5.2: one octet after the other, up to CR LF . CR LF. */
static void
by_data(void)
{
	enum { START, DOT, DOT_CR, TEXT, CR } state = START;

	x.verdict = BARE;
	x.nwant = 0;
	for (size_t i = 0; i < x.len; i++) {
		unsigned char c = (unsigned char)x.body[i];
		bool ended = state == CR || state == DOT_CR;

		if (c == 0 || (c == '\n') != ended)
			return;
		if (state == DOT_CR) {
			x.verdict = STORED;
			return;
		}
		if (c == '\r') {
			state = state == DOT ? DOT_CR : CR;
		} else if (state == START && c == '.') {
			state = DOT;
		} else {
			x.want[x.nwant++] = (char)c;
			state = c == '\n' ? START : TEXT;
		}
	}
}

/* RFC 3030 2: no dot means anything; a last line gets its end. */
static void
by_chunks(void)
{
	bool cr = false;

	x.verdict = BARE;
	x.nwant = 0;
	for (size_t i = 0; i < x.len; i++) {
		char c = x.body[i];

		if (!x.binary && (c == '\0' || (c == '\n') != cr))
			return;
		cr = c == '\r' && !x.binary;
		if (!cr)
			x.want[x.nwant++] = c;
	}
	if (cr)
		return;
	if (!x.binary && x.nwant > 0 && x.want[x.nwant - 1] != '\n')
		x.want[x.nwant++] = '\n';
	x.verdict = STORED;
}

/* ---- submit ---- */

int __wrap_fd_writev(int fd, struct iovec *v, int n, int64_t deadline);
int __wrap_net_unix_connect(const char *path, int type);
int __wrap_sub_read_verdict(int fd, int64_t deadline,
    struct sub_verdict *v_r);

int
__wrap_fd_writev(int fd, struct iovec *v, int n, int64_t deadline)
{
	unsigned char type = 0;

	(void)fd;
	(void)deadline;
	/* A frame's eight bytes are a piece of their own before its text. */
	for (int i = 0; i < n; i++) {
		const char *p = v[i].iov_base;

		if (type == 'D') {
			if (v[i].iov_len > sizeof x.stored - x.nstored)
				exit(1);
			memcpy(x.stored + x.nstored, p, v[i].iov_len);
			x.nstored += v[i].iov_len;
			type = 0;
		} else if (v[i].iov_len == 8) {
			type = (unsigned char)p[4];
		}
	}
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
	x.commits++;
	return 0;
}

/* ---- the client ---- */

static uint64_t
chance(uint64_t below)
{
	x.seed ^= x.seed << 13;
	x.seed ^= x.seed >> 7;
	x.seed ^= x.seed << 17;
	return (x.seed >> 11) % below;
}

static void
add(const char *p, size_t len)
{
	if (x.len > BODY_MOST - 8 || len > BODY_MOST - 8 - x.len)
		return;
	memcpy(x.body + x.len, p, len);
	x.len += len;
}

static void
make_body(void)
{
	static const struct {
		const char *p;
		size_t len;
	} tame[] = { { "\r\n", 2 }, { "\r\n", 2 }, { ".", 1 }, { "x", 1 },
	    { "..", 2 }, { "\r\n.", 3 }, { "\r\n..\r\n", 6 }, { "a: b", 4 },
	    { "\xe4", 1 }, { ". ", 2 }, { "\r\n.x", 4 } },
	    wild[] = { { "\r", 1 }, { "\n", 1 }, { "\0", 1 },
	    { "\r\n.\r\n", 5 }, { "\n.\n", 3 }, { "\r.\r", 3 },
	    { "\r\n.\n", 4 }, { "\n.\r\n", 4 }, { "\r\r\n", 3 },
	    { "\r\n.\r\r\n", 6 }, { "\x8d\x8a", 2 } };
	uint64_t n = chance(16) == 0 ? chance(300) : chance(20);
	bool is_wild = chance(3) == 0;
	char filler[64];

	x.len = 0;
	for (uint64_t i = 0; i < n; i++) {
		size_t at = chance(ARRAY_LEN(wild));

		if (is_wild && chance(6) == 0)
			add(wild[at].p, wild[at].len);
		else if (chance(20) == 0)
			add(memset(filler, 'y', sizeof filler), chance(64));
		else
			add(tame[at].p, tame[at].len);
	}
	if (!x.chunks)
		add("\r\n.\r\n", 5);
}

static void
item(const void *p, size_t len)
{
	size_t at = x.start[x.nitems];

	if (x.nitems == ITEMS || at + len > sizeof x.said)
		exit(1);
	memcpy(x.said + at, p, len);
	x.start[++x.nitems] = at + len;
}

static void
item_text(const char *p)
{
	item(p, strlen(p));
}

/* All of it at once, or in a few pieces. */
static void
say_data(void)
{
	size_t at = 0, n;

	item_text("DATA\r\n");
	while (at < x.len) {
		n = x.len - at;
		if (x.nitems < ITEMS - 1 && chance(2) == 0)
			n = 1 + chance(n);
		item(x.body + at, n);
		at += n;
	}
}

static void
say_chunks(void)
{
	char text[BODY_MOST + 64];
	size_t at = 0, n, len;
	bool last = false;

	while (!last) {
		n = x.nitems < ITEMS - 2 && chance(2) == 0 ?
		    chance(x.len - at + 1) : x.len - at;
		last = at + n == x.len;
		len = (size_t)snprintf(text, sizeof text, "BDAT %zu%s\r\n", n,
		    last ? " LAST" : "");
		memcpy(text + len, x.body + at, n);
		len += n;
		at += n;
		/* The command and its octets may come apart. */
		n = chance(3) == 0 ? 1 + chance(len - 1) : len;
		item(text, n);
		if (n < len)
			item(text + n, len - n);
	}
}

static ssize_t
client_read(void *ctx, void *p, size_t size, short *events_r)
{
	size_t n;

	(void)ctx;
	(void)events_r;
	while (x.at < x.nitems && x.used == x.start[x.at + 1])
		x.at++;
	if (x.at == x.nitems)
		return 0;
	n = x.start[x.at + 1] - x.used;
	n = n < size ? n : size;
	memcpy(p, x.said + x.used, n);
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
complain(const char *what)
{
	if (x.bad++ >= 5)
		return;
	printf("# %s: seed %" PRIu64 ", %s:", what, x.seed, x.chunks ?
	    x.binary ? "binary" : "chunks" : "data");
	for (size_t i = 0; i < x.len && i < 200; i++)
		printf(" %02x", (unsigned char)x.body[i]);
	printf("\n");
}

static void
judge(void)
{
	char code[] = "\r\n550 ";

	x.replies[x.nreplies < sizeof x.replies ? x.nreplies :
	    x.nreplies - 1] = '\0';
	if (x.verdict == BARE) {
		x.refused++;
		if (x.commits != 0)
			complain("handed on");
		if (strstr(x.replies, code) == NULL)
			complain("not refused");
		return;
	}
	x.taken++;
	x.octets += x.nstored;
	if (x.commits != 1)
		complain("not handed on once");
	else if (x.nstored != x.nwant ||
	    memcmp(x.stored, x.want, x.nwant) != 0)
		complain("another text");
	if (!x.binary && (memchr(x.stored, '\r', x.nstored) != NULL ||
	    memchr(x.stored, '\0', x.nstored) != NULL))
		complain("a CR or NUL is stored");
}

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
	x.at = x.commits = 0;
	x.used = x.nreplies = x.nstored = 0;
	session_greet(&s);
	while (!s.over && !s.lost)
		session_step(&s);
	if (wire_flush(&s.wire) != WIRE_OK)
		exit(1);
	session_reset(&s);
	buf_free(&s.tx.recipients);
	free(s.hello);
}

static void
one(const struct server *v)
{
	unsigned kind = (unsigned)chance(4);

	x.chunks = kind >= 2;
	x.binary = kind == 3;
	make_body();
	x.nitems = 0;
	item_text("HELO x.test\r\n");
	item_text(x.binary ? "MAIL FROM:<> BODY=BINARYMIME\r\n"
	    "RCPT TO:<postmaster@mx.test.example>\r\n" : "MAIL FROM:<>\r\n"
	    "RCPT TO:<postmaster@mx.test.example>\r\n");
	if (x.chunks) {
		by_chunks();
		say_chunks();
	} else {
		by_data();
		say_data();
	}
	play(v);
	judge();
}

/* The final replies that the client got behind 354, as "550 "; up to four. */
static void
replies_after(char text[17])
{
	const char *p = strstr(x.replies, "\r\n354 ");
	size_t n = 0;

	for (p = p != NULL ? strstr(p + 2, "\r\n") : NULL; p != NULL &&
	    strlen(p) > 6 && n < 16; p = strstr(p + 2, "\r\n"))
		if (p[5] == ' ') {
			memcpy(text + n, p + 2, 4);
			n += 4;
		}
	text[n] = '\0';
}

/* One of them, cut at a place: 0 it is refused, 1 text, 2 a true end. */
static int
one_ending(const struct server *v, const char *ending, size_t len,
    size_t cut)
{
	static const char behind[] = "MAIL FROM:<evil@x.test>\r\n"
	    "RCPT TO:<postmaster@mx.test.example>\r\nBDAT 2 LAST\r\nx\r\n"
	    "QUIT\r\n.\r\n";
	char got[17];

	x.len = 0;
	x.chunks = x.binary = false;
	add("a: b\r\n\r\nx", 9);
	add(ending, len);
	if (memmem(x.body, x.len, "\r\n.\r\n", 5) != NULL)
		return 2;
	add(behind, sizeof behind - 1);
	by_data();
	x.nitems = 0;
	item_text("HELO x.test\r\n");
	item_text("MAIL FROM:<>\r\nRCPT TO:<postmaster@mx.test.example>\r\n");
	item_text("DATA\r\n");
	item(x.body, 9 + cut);
	item(x.body + 9 + cut, x.len - 9 - cut);
	play(v);
	judge();
	x.replies[x.nreplies] = '\0';
	replies_after(got);
	if (strcmp(got, x.verdict == BARE ? "550 " : "250 ") != 0)
		complain("not one reply");
	return x.verdict == BARE ? 0 : 1;
}

static void
endings(const struct server *v)
{
	static const char octets[] = { '\r', '\n', '\0', '.', 'x' };
	static const struct {
		const char *p;
		size_t len;
	} tails[] = { { "\n", 1 }, { "\r", 1 }, { "\r\n", 2 },
	    { "\r\r\n", 3 }, { "\n\r", 2 }, { "\r\0\n", 3 },
	    { "\x8d\x8a", 2 } };
	int count[3] = { 0 }, cuts = 0;

	for (size_t n = 0; n < 125 * ARRAY_LEN(tails); n++) {
		const char *tail = tails[n / 125].p;
		size_t len = 4 + tails[n / 125].len;
		char text[8] = { octets[n % 5], octets[n / 5 % 5],
		    octets[n / 25 % 5], '.' };
		int what = 2;

		memcpy(text + 4, tail, len - 4);
		for (size_t cut = 0; cut <= len; cut++, cuts++)
			what = one_ending(v, text, len, cut);
		count[what]++;
	}
	num(x.bad, 0, "no look-alike of the end is one, however it is cut");
	printf("# figure G12: %d look-alikes of the end at %d cuts: %d "
	    "refused, %d are text, %d hold a true end; %d wrong\n", count[0] +
	    count[1] + count[2], cuts, count[0], count[1], count[2], x.bad);
}

int
main(int argc, char **argv)
{
	uint64_t n = argc > 1 ? strtoull(argv[1], NULL, 10) : 100000;
	static struct server v;
	int log[2];

	x.seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 20261121;
	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, log) != 0)
		return 1;
	log_open("test", log[0], LEVEL_ERROR);
	fixture_server(&v);
	v.jail = "/nonexistent";
	endings(&v);
	x.taken = x.refused = x.octets = 0;
	for (uint64_t i = 0; i < n; i++)
		one(&v);
	num(x.bad, 0, "each text is stored as the machine has it, or refused");
	ok(x.taken > n / 3 && x.refused > n / 20, "there are enough of both");
	printf("# figure G13: %" PRIu64 " bodies, %" PRIu64 " stored (%" PRIu64
	    " octets), %" PRIu64 " refused, %d other than the byte machine "
	    "says\n", n, x.taken, x.octets, x.refused, x.bad);
	return done();
}

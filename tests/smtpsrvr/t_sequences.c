/*
 * sequences (RFC 5321 4.1.1.2, RFC 5321 4.1.1.4, RFC 5321 4.1.1.5, RFC 5321
 * 4.1.4, RFC 5321 4.2, RFC 5321 4.3.1, RFC 5321 4.5.1, RFC 3030 2, RFC 3207
 * 4.2, RFC 4954 4): all sequences of commands up to a length, and some longer
 * ones in which everything around the session fails, against the reference
 * automaton: each reply, and each message that submit is handed.
 *
 *	t_sequences.t [length [random]]
 *
 * Without arguments: 4 and 5,000.  The session is the real one, in this
 * process; its client, TLS, authsrvr and submit are scripts in memory.
 */
#include "config.h"

#include <stddef.h>
#include <stdlib.h>
#include <time.h>

#include "lib/authproto.h"
#include "smtpsrvr/tls.h"
#include "tables/envelope.h"
#include "tests/smtpsrvr/automaton.h"
#include "tests/smtpsrvr/fixture.h"
#include "tests/tap.h"

#define BIG 70000		/* more than SESSION_TEXT */
#define LONG 40			/* steps of a random sequence */

struct step {
	enum letter letter;
	enum fault fault;
	bool big;
};

/* The world around the session. */
static struct script {
	struct step steps[A_MOST];
	int nsteps, at;
	struct automaton model;
	struct answer want;	/* to the step that was sent last */
	int heard;		/* of its codes */
	char item[BIG + 256];	/* what the client says now */
	size_t len, used;
	char replies[65536];	/* since then */
	size_t nreplies;
	enum fault fault;	/* of this step */
	enum letter letter;
	char frames[A_MOST * BIG];	/* to submit, since the last verdict */
	size_t nframes;
	char login[16];		/* as the last hello said */
	char queued[sizeof ((struct automaton *)0)->queued];
	char wrong[512];
	int auth[2];		/* the session's end, authsrvr's */
} x;

static const char *const names[A_LETTERS] = { "EHLO", "HELO", "MAIL",
    "BADMAIL", "RCPT", "BADRCPT", "DATA", "BADDATA", "BDAT", "BADBDAT",
    "LAST", "BADLAST", "RSET", "VRFY", "STARTTLS", "AUTH", "NOOP", "XYZZY" };

/* ---- submit, as frames in memory ---- */

int __wrap_fd_writev(int fd, struct iovec *v, int n, int64_t deadline);
int __wrap_fd_write(int fd, const void *p, size_t len, int64_t deadline);
int __wrap_net_unix_connect(const char *path, int type);
int __wrap_sub_read_verdict(int fd, int64_t deadline,
    struct sub_verdict *v_r);
int __wrap_envelope_recipient_refuse(const struct envelope *e,
    const struct mailbox *to, struct reply *r);

int
__wrap_fd_writev(int fd, struct iovec *v, int n, int64_t deadline)
{
	(void)fd;
	(void)deadline;
	if (x.fault == F_SUBMIT_AWAY) {
		x.nframes = 0;
		errno = EPIPE;
		return -1;
	}
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
	union { const void *in; void *out; } u = { p };
	struct iovec v = { u.out, len };

	return __wrap_fd_writev(fd, &v, 1, deadline);
}

int
__wrap_net_unix_connect(const char *path, int type)
{
	(void)type;
	if (strcmp(path, "/nonexistent/auth") == 0)
		return dup(x.auth[0]);
	if (x.fault == F_SUBMIT_AWAY)
		return -1;
	x.nframes = 0;
	snprintf(x.login, sizeof x.login, "?");
	return 1 << 20;		/* no descriptor: closing it does nothing */
}

static bool
word_byte(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z');
}

/* Adds each word of kind, digits and tail that is in p. */
static void
add_marks(const char *p, size_t len, char kind, const char *tail)
{
	const char *end = p + len, *q;
	size_t room, n = strlen(tail);
	int number;

	for (; (p = memchr(p, kind, (size_t)(end - p))) != NULL; p++) {
		number = 0;
		for (q = p + 1; q < end && *q >= '0' && *q <= '9'; q++)
			number = number * 10 + *q - '0';
		if (q == p + 1 || (size_t)(end - q) < n ||
		    memcmp(q, tail, n) != 0)
			continue;
		room = strlen(x.queued);
		snprintf(x.queued + room, sizeof x.queued - room, " %c%d",
		    kind, number);
	}
}

/* Is word there, and no part of a longer one? */
static bool
has_word(const char *p, size_t len, const char *word)
{
	size_t n = strlen(word);

	for (const char *q = p; (q = memmem(q, len - (size_t)(q - p), word,
	    n)) != NULL; q++)
		if ((q == p || !word_byte(q[-1])) &&
		    (q + n == p + len || !word_byte(q[n])))
			return true;
	return false;
}

static void
take_envelope(const char *p, size_t len)
{
	static const char *const with[] = { "SMTP", "ESMTP", "ESMTPS",
	    "ESMTPA", "ESMTPSA" };
	size_t at;

	for (size_t i = 0; i < ARRAY_LEN(with); i++) {
		at = strlen(x.queued);
		if (has_word(p, len, with[i]))
			snprintf(x.queued + at, sizeof x.queued - at,
			    "%s %s", with[i], x.login);
	}
	add_marks(p, len, 'h', ".test");
	add_marks(p, len, 's', "@elsewhere.test");
}

/* What came as a message, in the automaton's words; -1 if it is none. */
static int
read_message(void)
{
	const unsigned char *p = (const unsigned char *)x.frames;
	size_t at = 0, len, start = strlen(x.queued);
	uint64_t text = 0, said = 0;
	char type = 0;

	while (x.nframes - at >= 8) {
		const char *load = x.frames + at + 8;

		len = p[at] | (size_t)p[at + 1] << 8 |
		    (size_t)p[at + 2] << 16 | (size_t)p[at + 3] << 24;
		type = x.frames[at + 4];
		if (len > x.nframes - at - 8)
			return -1;
		if (type == 'H')
			snprintf(x.login, sizeof x.login, "%s", has_word(load,
			    len, "login") ? "login" : "-");
		else if (type == 'E')
			take_envelope(load, len);
		else if (type == 'R')
			add_marks(load, len, 'r', "@x.test");
		else if (type == 'D')
			add_marks(load, len, 't', ".text");
		text += type == 'D' ? len : 0;
		if (type == 'C' && len == 8)
			for (int i = 7; i >= 0; i--)
				said = said << 8 | (unsigned char)load[i];
		at += 8 + len;
	}
	x.nframes = 0;
	if (type != 'C' || said != text || x.queued[start] == '\0')
		return -1;
	return 0;
}

int
__wrap_sub_read_verdict(int fd, int64_t deadline, struct sub_verdict *v_r)
{
	size_t before = strlen(x.queued);

	(void)fd;
	(void)deadline;
	memset(v_r, 0, sizeof *v_r);
	if (read_message() != 0)
		snprintf(x.wrong, sizeof x.wrong, "no message in frames");
	else if (x.fault == F_SUBMIT_LATER)
		reply_set(&v_r->reply, REPLY_QUEUE_FAILED);
	else if (x.letter == A_BAD_DATA)
		reply_set(&v_r->reply, REPLY_LOOP, 100LL);
	else
		reply_set(&v_r->reply, REPLY_QUEUED, "x");
	if (v_r->reply.code == 250 && x.fault != F_SUBMIT_SILENT)
		memcpy(x.queued + strlen(x.queued), ";", 2);
	else
		x.queued[before] = '\0';
	return x.fault == F_SUBMIT_SILENT ? -1 : 0;
}

int
__wrap_envelope_recipient_refuse(const struct envelope *e,
    const struct mailbox *to, struct reply *r)
{
	(void)e;
	(void)to;
	if (x.fault != F_TABLE)
		return 0;
	reply_set(r, REPLY_TABLE_FAILED);
	return -1;
}

/* ---- authsrvr ---- */

static void
auth_ready(enum fault f)
{
	static struct auth_answer a;

	a.version = AUTH_VERSION;
	a.outcome = f == F_AUTH_NO ? AUTH_FAILURE : f == F_AUTH_LATER ?
	    AUTH_LATER : f == F_AUTH_BARRED ? AUTH_BARRED : AUTH_SUCCESS;
	snprintf(a.login, sizeof a.login, "login");
	if (send(x.auth[1], &a, offsetof(struct auth_answer, data), 0) < 0)
		exit(1);
}

static void
auth_done(void)
{
	static char rest[sizeof (struct auth_question)];

	for (int i = 0; i < 2; i++)
		while (recv(x.auth[i], rest, sizeof rest, MSG_DONTWAIT) > 0)
			continue;
}

/* ---- TLS ---- */

static int tls_dummy;

static struct tls *
tls_open(struct tls_service *v, const struct settings *set, const char *jail,
    int fd, const char **why_r)
{
	(void)v;
	(void)set;
	(void)jail;
	(void)fd;
	*why_r = "gone";
	return x.fault == F_TLS_AWAY ? NULL : (struct tls *)&tls_dummy;
}

static int
tls_step(struct tls *t, short *events_r)
{
	(void)t;
	*events_r = 0;
	return x.fault == F_TLS_BROKEN ? -1 : 1;
}

static const char *
tls_why(struct tls *t)
{
	(void)t;
	return "";
}

static void
tls_facts(const struct tls *t, struct tls_facts *f_r)
{
	(void)t;
	snprintf(f_r->text, sizeof f_r->text, "TLSv1.3 NONE");
}

static int
tls_exporter(const struct tls *t, unsigned char bytes_r[TLS_EXPORTER])
{
	memset(bytes_r, 0, TLS_EXPORTER);
	return t == NULL ? -1 : 0;
}

/* ---- the client ---- */

static void
complain(const char *what)
{
	size_t len = 0;

	if (x.wrong[0] != '\0')
		return;
	for (int i = 0; i < x.at && len < sizeof x.wrong; i++)
		len += (size_t)snprintf(x.wrong + len, sizeof x.wrong - len,
		    "%s%s/%d ", x.steps[i].big ? "big " : "",
		    names[x.steps[i].letter], (int)x.steps[i].fault);
	if (len < sizeof x.wrong)
		snprintf(x.wrong + len, sizeof x.wrong - len, "%s", what);
}

/* Takes the next whole reply out of what we were told; 0: there is none. */
static int
next_code(void)
{
	size_t at = 0;
	int code = 0;
	char *end;

	while (code == 0 && (end = memchr(x.replies + at, '\n',
	    x.nreplies - at)) != NULL) {
		if (x.replies[at + 3] == ' ')
			code = (x.replies[at] - '0') * 100 +
			    (x.replies[at + 1] - '0') * 10 +
			    x.replies[at + 2] - '0';
		at = (size_t)(end + 1 - x.replies);
	}
	memmove(x.replies, x.replies + at, x.nreplies - at);
	x.nreplies -= at;
	return code;
}

/* Whatever has been said must be what was to be said, and no more. */
static void
hear(void)
{
	char text[128];
	int got;

	while ((got = next_code()) != 0) {
		if (x.heard < x.want.n && x.want.codes[x.heard] == got) {
			x.heard++;
			continue;
		}
		snprintf(text, sizeof text, "got %d, not %d", got,
		    x.heard < x.want.n ? x.want.codes[x.heard] : 0);
		complain(text);
		return;
	}
	if (x.heard == x.want.n &&
	    strcmp(x.queued, x.model.queued) != 0) {
		snprintf(text, sizeof text, "handed on \"%.50s\" not \"%.50s\"",
		    x.queued, x.model.queued);
		complain(text);
	}
}

static void
say(const char *front, int number, const char *behind)
{
	x.used = 0;
	x.len = (size_t)snprintf(x.item, sizeof x.item, "%s%d%s", front,
	    number, behind);
}

static void
fill(size_t n)
{
	for (size_t i = 0; i < n; i++)
		x.item[x.len++] = i % 50 == 48 ? '\r' : i % 50 == 49 ? '\n' :
		    'x';
}

/* Behind 354. */
static void
say_text(const struct step *s, int at)
{
	say("t", at, s->fault == F_BARE ? ".text\nBARE\r\n" : ".text\r\n");
	if (s->big)
		fill(BIG);
	if (s->fault != F_CUT) {
		memcpy(x.item + x.len, ".\r\n", 3);
		x.len += 3;
	}
}

static void
say_chunk(const struct step *s, int at)
{
	static char text[BIG + 256];
	bool bad = s->letter == A_BAD_BDAT || s->letter == A_BAD_LAST;
	bool last = s->letter == A_LAST || s->letter == A_BAD_LAST;
	char head[64];
	size_t len, n;

	say(bad ? "QUIT\nt" : "t", at, ".text\r\n");
	if (s->big)
		fill(BIG);
	len = x.len;
	memcpy(text, x.item, len);
	n = (size_t)snprintf(head, sizeof head, "BDAT %zu%s\r\n",
	    len + (s->fault == F_CUT), last ? " LAST" : "");
	memcpy(x.item, head, n);
	memcpy(x.item + n, text, len);
	x.len = n + len;
}

static void
say_command(const struct step *s, int at)
{
	switch (s->letter) {
	case A_EHLO:
		say("EHLO h", at, ".test\r\n");
		break;
	case A_HELO:
		say("HELO h", at, ".test\r\n");
		break;
	case A_MAIL:
		say("MAIL FROM:<s", at, "@elsewhere.test>\r\n");
		break;
	case A_BAD_MAIL:
		say("MAIL FROM:<s", at, "@>\r\n");
		break;
	case A_RCPT:
		say("RCPT TO:<postmaster@mx.test.example> ORCPT=rfc822;r", at,
		    "@x.test\r\n");
		break;
	case A_BAD_RCPT:
		say("RCPT TO:<r", at, "@x.test>\r\n");
		break;
	case A_BDAT:
	case A_BAD_BDAT:
	case A_LAST:
	case A_BAD_LAST:
		say_chunk(s, at);
		break;
	case A_AUTH:
		auth_ready(s->fault);
		x.len = (size_t)snprintf(x.item, sizeof x.item,
		    "AUTH PLAIN AHVzZXIAcGFzcw==\r\n");
		break;
	case A_VRFY:
		say("VRFY user", at, "\r\n");
		break;
	case A_DATA:
	case A_BAD_DATA:
	case A_RSET:
	case A_STARTTLS:
	case A_NOOP:
	case A_UNKNOWN:
	case A_LETTERS:
		x.len = (size_t)snprintf(x.item, sizeof x.item, "%s\r\n",
		    s->letter == A_BAD_DATA ? "DATA" : names[s->letter]);
		break;
	}
}

/* The session waits for us: what came is judged, and the next thing said. */
static bool
go_on(void)
{
	const struct step *s;

	hear();
	if (x.wrong[0] != '\0')
		return false;
	if (x.at > 0 && x.steps[x.at - 1].letter == A_AUTH)
		auth_done();
	if (x.heard > 0 && x.heard < x.want.n &&
	    x.want.codes[x.heard - 1] == 354) {
		say_text(&x.steps[x.at - 1], x.at - 1);
		return true;
	}
	if (x.want.n == 1 && x.want.codes[0] == 354 && x.len == 6) {
		say_text(&x.steps[x.at - 1], x.at - 1);
		return true;	/* and no more of it: F_CUT */
	}
	if (x.heard < x.want.n)
		complain("no reply");
	if (x.heard < x.want.n || x.want.ends || x.at == x.nsteps)
		return false;
	s = &x.steps[x.at];
	x.fault = s->fault;
	x.letter = s->letter;
	x.heard = 0;
	x.used = 0;
	x.want = automaton_step(&x.model, s->letter, s->fault, s->big, x.at);
	say_command(s, x.at++);
	return true;
}

static ssize_t
client_read(void *ctx, void *p, size_t size, short *events_r)
{
	size_t n;

	(void)ctx;
	(void)events_r;
	if (x.used == x.len && !go_on())
		return 0;
	n = x.len - x.used < size ? x.len - x.used : size;
	memcpy(p, x.item + x.used, n);
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
static struct tls_service tls = { tls_open, tls_step, tls_why, tls_facts,
    tls_exporter, { client_read, client_write, client_end } };

/* ---- sequences ---- */

/* Plays x.steps; what is wrong is in x.wrong then. */
static void
play(const struct server *v)
{
	static struct session s;
	struct row_pass who = { .serial = 1234567, .listener = 0 };

	if (net_parse("192.0.2.7", &who.peer) != 0)
		exit(1);
	/* Buffers keep what the last one left in them. */
	memset(&s, 0, offsetof(struct session, wire));
	memset(&s.forged, 0, sizeof s.forged);
	session_init(&s, v, &who, "", -1, -1, -1);
	s.wire.cover = &client;
	x.at = x.heard = 0;
	x.len = x.used = x.nreplies = x.nframes = 0;
	x.queued[0] = x.wrong[0] = '\0';
	x.fault = F_NONE;
	x.want = (struct answer){ .codes = { 220 }, .n = 1 };
	automaton_begin(&x.model);
	session_greet(&s);
	while (!s.over && !s.lost)
		session_step(&s);
	if (wire_flush(&s.wire) != WIRE_OK)
		complain("no last flush");
	hear();
	auth_done();
	if (s.over && !x.want.ends)
		complain("the session ended");
	if (!s.over && x.want.ends && x.fault != F_CUT &&
	    x.fault != F_TLS_BROKEN)
		complain("the session went on");
	session_reset(&s);
	buf_free(&s.tx.recipients);
	free(s.hello);
	free(s.secured);
}

static bool
played(const struct server *v, int *bad_io)
{
	play(v);
	if (x.wrong[0] == '\0')
		return true;
	if ((*bad_io)++ < 10)
		printf("# %s\n", x.wrong);
	return false;
}

/* All sequences of exactly n letters, behind nothing. */
static uint64_t
play_all(const struct server *v, int n, int *bad_r)
{
	uint64_t count = 1;

	for (int i = 0; i < n; i++)
		count *= A_LETTERS;
	x.nsteps = n;
	for (uint64_t number = 0; number < count; number++) {
		uint64_t rest = number;

		for (int i = n - 1; i >= 0; i--, rest /= A_LETTERS)
			x.steps[i] = (struct step){
			    .letter = (enum letter)(rest % A_LETTERS) };
		played(v, bad_r);
	}
	return count;
}

static uint64_t
chance(uint64_t *seed, uint64_t below)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return (*seed >> 11) % below;
}

/* More of what brings a message nearer than of the rest. */
static struct step
any_step(uint64_t *seed)
{
	static const enum letter likely[] = { A_EHLO, A_MAIL, A_MAIL, A_RCPT,
	    A_RCPT, A_RCPT, A_DATA, A_BDAT, A_BDAT, A_LAST, A_STARTTLS };
	struct step s = { .fault = F_NONE };

	s.letter = chance(seed, 2) == 0 ?
	    likely[chance(seed, ARRAY_LEN(likely))] :
	    (enum letter)chance(seed, A_LETTERS);
	if (chance(seed, 5) == 0)
		s.fault = (enum fault)chance(seed, F_FAULTS);
	/* What ends all comes seldom. */
	if (s.fault >= F_BARE && chance(seed, 3) != 0)
		s.fault = F_NONE;
	s.big = chance(seed, 20) == 0;
	return s;
}

static void
play_random(const struct server *v, uint64_t count, int *bad_r)
{
	uint64_t seed = 0x9e3779b97f4a7c15;

	x.nsteps = LONG;
	for (uint64_t i = 0; i < count; i++) {
		for (int at = 0; at < LONG; at++)
			x.steps[at] = any_step(&seed);
		/* Most greet, or nothing else would happen. */
		if (i % 8 != 0)
			x.steps[0] = (struct step){ .letter = A_EHLO };
		played(v, bad_r);
	}
}

static void
prepare(struct server *v)
{
	static const char *const set[][2] = {
	    { "hostname", "mx.test.example" }, { "log-level", "error" },
	    { "lookup-names", "never" }, { "auth", "offered" },
	    { "auth-backends", "file" }, { "auth-clear", "yes" },
	    { "max-errors", "10000" }, { "max-unknown-commands", "10000" } };
	struct conf *c = conf_new();
	struct buf why;
	char text[256];

	buf_init(&why, 4096);
	for (size_t i = 0; i < ARRAY_LEN(set); i++)
		if (conf_set(&c->server, set[i][0], &set[i][1], 1,
		    (struct origin){ "test", 1 }, text, sizeof text) != 0)
			exit(1);
	if (conf_complete(c, &why) != 0 || server_init(v, c, &why) != 0) {
		fprintf(stderr, "%s\n", buf_str(&why));
		exit(1);
	}
	buf_free(&why);
	v->jail = "/nonexistent";
	v->tls = &tls;
	v->auth = true;
}

static double
seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int
main(int argc, char **argv)
{
	int length = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 4;
	uint64_t count = 0, some = argc > 2 ? strtoull(argv[2], NULL, 10) :
	    5000;
	static struct server v;
	int bad = 0, log[2];
	double began;

	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, log) != 0 ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET, 0, x.auth) != 0)
		return 1;
	log_open("test", log[0], LEVEL_ERROR);
	prepare(&v);
	began = seconds();
	for (int n = 1; n <= length; n++)
		count += play_all(&v, n, &bad);
	began = seconds() - began;
	num(bad, 0, "all sequences answer as the automaton does");
	printf("# figure G15: %" PRIu64 " sequences of up to %d of %d commands "
	    "equal to the automaton, %d not, %.0f/s\n", count, length,
	    A_LETTERS, bad, (double)count / began);
	bad = 0;
	play_random(&v, some, &bad);
	num(bad, 0, "and those with failures all around");
	printf("# figure G15: %" PRIu64 " random sequences of %d with faults, "
	    "%d not equal\n", some, LONG, bad);
	return done();
}

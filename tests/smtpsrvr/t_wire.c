/*
 * wire: lines however they come, replies together (RFC 2920 3.2), deadlines
 * kept.
 */
#include "config.h"

#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "lib/clock.h"
#include "smtpsrvr/wire.h"
#include "tests/tap.h"

static struct wire w;
static int client, life;

static void
begin(void)
{
	int pair[2], end[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM, 0, end) != 0)
		exit(1);
	wire_init(&w, pair[0], pair[0], end[0]);
	client = pair[1];
	life = end[1];
}

static enum wire_end
reply_once(const struct reply *r)
{
	return wire_reply_line(&w, r->code, r->enhanced, r->text, false);
}

static void
say(const char *text, size_t len)
{
	if (write(client, text, len) != (ssize_t)len)
		exit(1);
}
#define SAY(s) say(s, sizeof s - 1)

static enum wire_end
line(size_t most, char **line_r)
{
	size_t len;

	return wire_line(&w, most, true, clock_ms() + 50, line_r, &len);
}

static void
lines(void)
{
	char *l = NULL;
	size_t len;

	begin();
	SAY("one\r\ntwo\r\nthr");
	ok(line(100, &l) == WIRE_OK && strcmp(l, "one") == 0, "a line");
	ok(wire_pending(&w), "more is there");
	ok(line(100, &l) == WIRE_OK && strcmp(l, "two") == 0, "the next");
	num(line(100, &l), WIRE_TIMEOUT, "half a line");
	SAY("ee\r\n");
	ok(line(100, &l) == WIRE_OK && strcmp(l, "three") == 0, "its rest");
	SAY("a\nb\r\n");
	num(line(100, &l), WIRE_BARE, "a bare LF");
	SAY("a\rb\r\n");
	ok(line(100, &l) == WIRE_OK, "the rest of that line");
	num(line(100, &l), WIRE_BARE, "a bare CR");
	SAY("a\0b\r\n");
	ok(wire_line(&w, 100, true, clock_ms() + 50, &l, &len) == WIRE_OK &&
	    len == 3, "a NUL is for others to judge");
	SAY("12345678\r\n123456789\r\nx\r\n");
	num(line(10, &l), WIRE_OK, "as long as it may be");
	num(line(10, &l), WIRE_TOO_LONG, "one byte more");
	ok(line(10, &l) == WIRE_OK && strcmp(l, "x") == 0,
	    "what follows is read");
	SAY("0123456789012345678901234567890123456789");
	SAY("tail\r\ny\r\n");
	num(line(10, &l), WIRE_TOO_LONG, "a very long one");
	ok(line(10, &l) == WIRE_OK && strcmp(l, "y") == 0,
	    "its rest is thrown away");
}

static void
replies(void)
{
	struct reply r;
	char got[256] = "", *l;
	ssize_t n;

	begin();
	reply_set(&r, REPLY_OK);
	reply_once(&r);
	reply_once(&r);
	num(recv(client, got, sizeof got, MSG_DONTWAIT), -1,
	    "replies wait for the input to be used up");
	num(line(100, &l), WIRE_TIMEOUT, "then");
	n = recv(client, got, sizeof got - 1, MSG_DONTWAIT);
	got[n > 0 ? n : 0] = '\0';
	is(got, "250 2.0.0 Ok\r\n250 2.0.0 Ok\r\n", "both go out at once");
}

/* A byte now and then does not move the deadline of the line. */
static void
deadlines(void)
{
	int64_t until;
	size_t len;
	char *l;
	enum wire_end end = WIRE_OK;

	begin();
	until = clock_ms() + 60;
	SAY("a");
	while ((end = wire_fill(&w, false, until)) == WIRE_OK)
		SAY("a");
	num(end, WIRE_TIMEOUT, "a trickle ends at the deadline");
	shutdown(life, SHUT_WR);
	num(wire_line(&w, 100, false, clock_ms() + 20, &l, &len),
	    WIRE_TIMEOUT, "inside a transaction smtpd's wish is not seen");
	close(life);
	num(wire_line(&w, 100, false, clock_ms() + 1000, &l, &len),
	    WIRE_STOPPING, "its end is");
	w.at = w.len = 0;
	num(line(100, &l), WIRE_STOPPING, "between commands it is");
	close(client);
	num(line(100, &l), WIRE_CLOSED, "a client that is gone comes first");
}

static void
deaf(void)
{
	struct reply r;
	enum wire_end end = WIRE_OK;

	begin();
	w.reply_ms = 50;
	reply_set(&r, REPLY_OK);
	for (int i = 0; i < 1000000 && end == WIRE_OK; i++)
		end = reply_once(&r);
	num(end, WIRE_TIMEOUT, "a client that reads nothing is given up");
	reply_once(&r);
	w.reply_ms = 3600000;
	num(wire_flush(&w), WIRE_TIMEOUT, "and is not waited for again");
	wire_hang_up(&w, false);
}

static bool
pressed(const void *ctx)
{
	return *(const bool *)ctx;
}

/* A child says a byte every 20 ms, a hundred of them, and is gone. */
static void
trickle(void)
{
	const struct timespec pause = { .tv_nsec = 20000000 };

	if (fork() == 0) {
		for (int i = 0; i < 100; i++) {
			SAY("a");
			nanosleep(&pause, NULL);
		}
		_exit(0);
	}
	close(client);
}

/*
 * Under stress: a whole line, or all of a deadline's reads, have the shorter
 * time; so has a client that reads no replies.
 */
static void
hurried(void)
{
	enum wire_end end = WIRE_OK;
	bool stress = false;
	struct reply r;
	int64_t until;
	size_t len;
	char *l;

	begin();
	wire_hurry(&w, 50, pressed, &stress);
	num(wire_line(&w, 100, false, clock_ms() + 200, &l, &len),
	    WIRE_TIMEOUT, "without stress there is time");
	stress = true;
	until = clock_ms() + 3600000;
	trickle();
	while (end == WIRE_OK)
		end = wire_fill(&w, false, until);
	num(end, WIRE_TIMEOUT, "a trickle is one wait");
	begin();
	wire_hurry(&w, 50, pressed, &stress);
	reply_set(&r, REPLY_OK);
	end = WIRE_OK;
	for (int i = 0; i < 1000000 && end == WIRE_OK; i++)
		end = reply_once(&r);
	num(end, WIRE_TIMEOUT, "nor has one who reads nothing five minutes");
}

/* When the wait for a line that is there began. */
static int64_t
began(int64_t until)
{
	size_t len;
	char *l;

	SAY("NOOP\r\n");
	if (wire_line(&w, 100, false, until, &l, &len) != WIRE_OK)
		exit(1);
	return w.since;
}

/* A session's last deadline is that of all its commands. */
static void
same_deadline(void)
{
	const struct timespec pause = { .tv_nsec = 5000000 };
	int64_t until = clock_ms() + 3600000, first;
	bool stress = true;

	begin();
	wire_hurry(&w, 3000000, pressed, &stress);
	first = began(until);
	nanosleep(&pause, NULL);
	ok(began(until) > first, "each line is a wait of its own");
	first = w.since;
	nanosleep(&pause, NULL);
	SAY("text");
	ok(wire_fill(&w, false, until) == WIRE_OK && w.since == first,
	    "a read is none");
	wire_begin(&w);
	SAY("text");
	ok(wire_fill(&w, false, until) == WIRE_OK && w.since > first,
	    "unless it is said to be");
}

/* Half a record: what is readable is no text yet. */
static ssize_t
half_record(void *ctx, void *p, size_t size, short *events_r)
{
	char byte;

	(void)p;
	(void)size;
	while (recv(w.in, &byte, 1, MSG_DONTWAIT) == 1)
		++*(int *)ctx;
	*events_r = POLLIN;
	errno = EAGAIN;
	return -1;
}

static void
at_once(void)
{
	static const struct wire_cover half = { .read = half_record };
	int got = 0;

	begin();
	num(wire_fill_now(&w, clock_ms() - 1), WIRE_TIMEOUT,
	    "nothing is there");
	SAY("x");
	num(wire_fill_now(&w, clock_ms() - 1), WIRE_OK,
	    "what is there is taken, late as it is");
	num(w.len - w.at, 1, "all of it");
	w.cover = &half;
	w.over = &got;
	SAY("y");
	alarm(60);
	num(wire_fill_now(&w, clock_ms() - 1), WIRE_TIMEOUT,
	    "the rest of a record is not waited for");
	alarm(0);
	num(got, 1, "of which a byte had come");
}

/* Segments with something in them that came in at fd. */
static unsigned
segments(int fd)
{
	struct tcp_info i;
	socklen_t len = sizeof i;

	memset(&i, 0, sizeof i);
	(void)!getsockopt(fd, IPPROTO_TCP, TCP_INFO, &i, &len);
	return i.tcpi_segs_in;
}

static void
last_reply(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof at;
	int listening = socket(AF_INET, SOCK_STREAM, 0), fd;
	unsigned before;
	char got[64];

	client = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(listening, (struct sockaddr *)&at, len) != 0 ||
	    listen(listening, 1) != 0 || getsockname(listening,
	    (struct sockaddr *)&at, &len) != 0 ||
	    connect(client, (struct sockaddr *)&at, len) != 0 ||
	    (fd = accept(listening, NULL, NULL)) < 0)
		exit(1);
	wire_init(&w, fd, fd, -1);
	before = segments(client);
	if (wire_reply_line(&w, 221, "2.0.0", "bye", false) != WIRE_OK)
		exit(1);
	wire_hang_up(&w, true);
	num(recv(client, got, sizeof got, 0), 15, "the last reply comes");
	num(recv(client, got, sizeof got, 0), 0, "and the end");
	num(segments(client) - before, 1, "in one packet");
	close(client);
	close(listening);
	close(fd);
}

int
main(void)
{
	lines();
	replies();
	deadlines();
	deaf();
	hurried();
	same_deadline();
	at_once();
	last_reply();
	return done();
}

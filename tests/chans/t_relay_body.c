/*
 * t_relay_body - what is said about a message, and what goes over the wire.
 */
#include "config.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "chans/relay_body.h"
#include "lib/clock.h"
#include "tests/tap.h"

#define LONG (200 * 1024)

static struct relay_wire w;
static int other;

static void
look(struct relay_body *b, const char *p, size_t len, bool binary)
{
	*b = (struct relay_body){ .p = p, .len = len, .binary = binary };
	relay_body_look(b);
}

/* Both forms of it; a child reads nothing, for it fits the socket. */
static void
wire(const char *p, const char *data, const char *bdat)
{
	struct relay_body b;
	char got[4096];
	ssize_t n;

	look(&b, p, strlen(p), false);
	num(b.size, strlen(bdat), "its size");
	num(relay_body_data(&w, &b, 1000, CLOCK_NEVER), 0, "DATA");
	n = recv(other, got, sizeof got - 1, 0);
	got[n < 0 ? 0 : n] = '\0';
	is(got, data, "as DATA");
	num(relay_body_bdat(&w, &b, 1000, CLOCK_NEVER), 0, "BDAT");
	n = recv(other, got, sizeof got - 1, MSG_DONTWAIT);
	got[n < 0 ? 0 : n] = '\0';
	is(got, bdat, "as BDAT");
}

static void
looks(void)
{
	struct relay_body b;

	look(&b, "A: b\n\nc\n", 8, false);
	ok(!b.eight && !b.eight_header && !b.odd && !b.unended, "plain");
	look(&b, "A: b\n\n\xe4\n", 8, false);
	ok(b.eight && !b.eight_header, "8 bits in the text");
	look(&b, "A: \xe4\n\nc\n", 8, false);
	ok(b.eight && b.eight_header, "8 bits in the header");
	look(&b, "\n\xe4\n", 3, false);
	ok(b.eight, "an empty header");
	look(&b, "A: b\n\nc\rd\n", 10, false);
	ok(b.odd, "a bare CR");
	look(&b, "A: b\n\nc\0d\n", 10, false);
	ok(b.odd, "a NUL");
	look(&b, "A: b\r\n\r\n\xe4", 9, true);
	ok(!b.odd && b.eight && !b.eight_header, "binary");
	num(b.size, 9, "goes as it is");
	look(&b, "A: b\n\nc", 7, false);
	ok(b.unended, "no LF at the end");
	look(&b, "", 0, false);
	num(b.size, 0, "nothing at all");
}

/* A server that does not read, and one that reads in the end. */
static void
slow(void)
{
	char *p = malloc(LONG);
	struct relay_body b;

	if (p == NULL)
		return;
	memset(p, 'x', LONG);
	p[LONG - 1] = '\n';
	look(&b, p, LONG, false);
	num(relay_body_data(&w, &b, 50, CLOCK_NEVER), -1,
	    "nobody reads: too late");
	num(relay_body_data(&w, &b, 100000, clock_ms() + 50), -1,
	    "the deadline of all of it");
	free(p);
}

int
main(void)
{
	int pair[2], size = 4096;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == -1)
		return 1;
	relay_wire_init(&w, NULL, 1000);
	w.fd = pair[0];
	other = pair[1];
	looks();
	wire("A: b\n\nc\n", "A: b\r\n\r\nc\r\n.\r\n", "A: b\r\n\r\nc\r\n");
	wire(".\n..\n.a\n\n.\n", "..\r\n...\r\n..a\r\n\r\n..\r\n.\r\n",
	    ".\r\n..\r\n.a\r\n\r\n.\r\n");
	wire("a\n.", "a\r\n..\r\n.\r\n", "a\r\n.\r\n");
	(void)setsockopt(w.fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
	slow();
	relay_wire_close(&w);
	close(other);
	return done();
}

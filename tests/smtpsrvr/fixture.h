/*
 * fixture - a session without a process of its own: the embedded default's
 * configuration, a socket pair for a client, another for submit.
 */
#ifndef TESTS_SMTPSRVR_FIXTURE_H
#define TESTS_SMTPSRVR_FIXTURE_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "smtpsrvr/session.h"

struct fixture {
	struct server server;
	struct session *session;
	int client, submit;	/* the other ends */
};

MM_UNUSED static void
fixture_server(struct server *v)
{
	static const char *const set[][2] = {
	    { "hostname", "mx.test.example" }, { "log-level", "error" },
	    { "lookup-names", "never" }, { "xclient", "192.0.2.7" },
	    { "xforward", "192.0.2.0/24" } };
	struct conf *c = conf_new();
	struct buf why;
	char text[256];

	buf_init(&why, 4096);
	for (size_t i = 0; i < ARRAY_LEN(set); i++)
		if (conf_set(&c->server, set[i][0], &set[i][1], 1,
		    (struct origin){ "test", 1 }, text, sizeof text) != 0)
			exit(1);
	if (conf_complete(c, &why) != 0 || server_init(v, c, &why) != 0) {
		fprintf(stderr, "fixture: %s\n", buf_str(&why));
		exit(1);
	}
	buf_free(&why);
}

MM_UNUSED static void
fixture_session(struct fixture *f)
{
	struct row_pass who = { .serial = 1234567, .listener = 0 };
	int net[2], sub[2];

	/* Of packets: one that the client sends is one that is read. */
	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, net) != 0 ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sub) != 0)
		exit(1);
	if (net_parse("192.0.2.7", &who.peer) != 0)
		exit(1);
	f->session = calloc(1, sizeof *f->session);
	if (f->session == NULL)
		exit(1);
	f->server.jail = "/nonexistent";
	session_init(f->session, &f->server, &who, "", net[0], net[0], -1);
	f->session->submit = sub[0];
	f->session->submit_kept = true;
	f->client = net[1];
	f->submit = sub[1];
}

MM_UNUSED static void
fixture_end(struct fixture *f)
{
	session_reset(f->session);
	buf_free(&f->session->tx.recipients);
	close(f->client);
	close(f->submit);
	close(f->session->wire.in);
	if (f->session->submit >= 0)
		close(f->session->submit);
	free(f->session->hello);
	free(f->session);
	f->session = NULL;
}

/* Sends input as packets, a new one behind each byte that is cut. */
MM_UNUSED static void
fixture_send(struct fixture *f, const void *input, size_t len, char cut)
{
	const char *p = input, *end = p + len, *next;

	for (; p < end; p = next + 1) {
		next = memchr(p, cut, (size_t)(end - p));
		if (next == NULL)
			next = end;
		for (ssize_t n; p < next; p += n) {
			size_t most = (size_t)(next - p);

			n = send(f->client, p, most < 32768 ? most : 32768,
			    MSG_NOSIGNAL | MSG_DONTWAIT);
			if (n <= 0)
				return;
		}
	}
	shutdown(f->client, SHUT_WR);
}

/*
 * One session from the greeting to the end: input is all that the client
 * says, in packets that | separates; what it was told goes to out (NUL-ended).
 */
MM_UNUSED static size_t
fixture_run(struct fixture *f, const void *input, size_t len, char cut,
    char *out, size_t room)
{
	size_t n = 0;
	ssize_t got;

	fixture_send(f, input, len, cut);
	/* submit has said what it will; then it is gone. */
	shutdown(f->submit, SHUT_WR);
	session_run(f->session);
	shutdown(f->session->wire.in, SHUT_RDWR);
	while (n + 1 < room && (got = read(f->client, out + n,
	    room - n - 1)) > 0)
		n += (size_t)got;
	out[n] = '\0';
	return n;
}

/* What submit was sent; gives its length. */
MM_UNUSED static size_t
fixture_frames(struct fixture *f, char *frames, size_t room)
{
	size_t len = 0;
	ssize_t n;

	/* Once it is told that the session left answers unread. */
	while (len < room && ((n = recv(f->submit, frames + len, room - len,
	    MSG_DONTWAIT)) > 0 || (n < 0 && errno == ECONNRESET)))
		len += n > 0 ? (size_t)n : 0;
	return len;
}

#endif

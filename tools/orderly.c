/*
 * orderly - takes orders to deliver.
 *
 * Runs as the submit user, or root.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>
#include "lib/clock.h"
#include "lib/net.h"
#include "lib/proc.h"
#include "tools/orderly.h"

#define BUSY_MS 2000		/* so long it is asked again */
#define PAUSE_MS 50
#define ANSWER_MS (5 * 60 * 1000)

/* One that does nothing else, over a socket that is its descriptor 0. */
static int
start(struct orderly *o, const struct tailored_options *options)
{
	char path[4096], name[] = "deliver", q[] = "-q", d[] = "-d";
	char c[] = "-C", l[] = "-L", *argv[8] = { name, q, d };
	int pair[2], fds[3] = { -1, -1, STDERR_FILENO }, n = 3;

	if (options->file != NULL) {
		argv[n++] = c;
		argv[n++] = (char *)(uintptr_t)options->file;
	}
	if (options->programs != NULL) {
		argv[n++] = l;
		argv[n++] = (char *)(uintptr_t)options->programs;
	}
	snprintf(path, sizeof path, "%s/deliver", options->programs != NULL ?
	    options->programs : INLET_SBIN);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == -1)
		return -1;
	fds[0] = pair[1];
	o->pid = proc_start(path, argv, fds, ARRAY_LEN(fds), NULL);
	close(pair[1]);
	o->sock = pair[0];
	if (o->pid != -1)
		return 0;
	o->pid = 0;
	close(pair[0]);
	return -1;
}

int
orderly_open(struct orderly *o_r, const struct configured *c,
    const struct tailored_options *options)
{
	char path[PLAN_PATH + 16];

	*o_r = (struct orderly){ .sock = -1 };
	snprintf(path, sizeof path, "%s/" CONTROL_SOCKET,
	    c->conf->server.v.run_directory);
	o_r->sock = net_unix_connect(path, SOCK_SEQPACKET);
	if (o_r->sock != -1)
		return EX_OK;
	if (errno == EACCES || errno == EPERM) {
		fprintf(stderr, "inlet queue: only root and the submit user "
		    "may change the queue\n");
		return EX_NOPERM;
	}
	if ((errno != ENOENT && errno != ECONNREFUSED) ||
	    start(o_r, options) != 0) {
		fprintf(stderr, "inlet queue: deliver: %s\n",
		    strerror(errno));
		return EX_OSERR;
	}
	return EX_OK;
}

static int
ask_once(struct orderly *o, const struct control_request *r,
    struct control_answer *a_r)
{
	struct pollfd p = { .fd = o->sock, .events = POLLIN };
	ssize_t n;

	if (send(o->sock, r, sizeof *r, MSG_NOSIGNAL) != (ssize_t)sizeof *r)
		return -1;
	do {
		n = poll(&p, 1, ANSWER_MS);
	} while (n == -1 && errno == EINTR);
	if (n == 0)
		errno = ETIMEDOUT;
	if (n <= 0)
		return -1;
	n = recv(o->sock, a_r, sizeof *a_r, 0);
	if (n == (ssize_t)sizeof *a_r)
		return 0;
	if (n >= 0)
		errno = EPIPE;
	return -1;
}

int
orderly_ask(struct orderly *o, const struct control_request *r,
    struct control_answer *a_r)
{
	int64_t deadline = clock_ms() + BUSY_MS;

	for (;;) {
		if (ask_once(o, r, a_r) != 0)
			return -1;
		a_r->text[sizeof a_r->text - 1] = '\0';
		if (a_r->result != CONTROL_BUSY || clock_ms() >= deadline)
			return 0;
		(void)poll(NULL, 0, PAUSE_MS);
	}
}

void
orderly_close(struct orderly *o)
{
	if (o->sock != -1)
		close(o->sock);
	o->sock = -1;
	while (o->pid > 0 && waitpid(o->pid, NULL, 0) == -1 && errno == EINTR)
		;
}

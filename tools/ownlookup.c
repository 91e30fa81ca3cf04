/*
 * ownlookup - see ownlookup.h.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/clock.h"
#include "lib/log.h"
#include "tables/resolver.h"
#include "tools/ownlookup.h"

#define READY_MS 10000

static int
start(struct ownlookup *l, const struct plan *plan, int record, int sock,
    int control)
{
	char path[PLAN_PATH + 16], argv0[] = "lookup";
	char *argv[] = { argv0, NULL };
	int fds[7] = { -1, -1, 2, record, control, -1, sock };

	snprintf(path, sizeof(path), "%s/lookup", plan->program_directory);
	l->pid = proc_start(path, argv, fds, 7, &plan->users[PLAN_LOOKUP]);
	return l->pid < 0 ? -1 : 0;
}

/* It writes a byte when it can answer. */
static int
wait_ready(struct ownlookup *l)
{
	struct pollfd p = { .fd = l->control, .events = POLLIN };
	int64_t deadline = clock_ms() + READY_MS;
	char byte;
	int n;

	do {
		n = poll(&p, 1, clock_left(deadline));
	} while (n < 0 && errno == EINTR);
	if (n == 0)
		errno = ETIMEDOUT;
	if (n <= 0)
		return -1;
	if (recv(l->control, &byte, 1, 0) == 1)
		return 0;
	errno = ECHILD;
	return -1;
}

static const char *
socket_path(const struct ownlookup *l, char *dst, size_t size)
{
	snprintf(dst, size, "%s/lookup", l->folder);
	return dst;
}

/* 0 when it is ready, or -1 with errno. */
static int
start_own(struct ownlookup *l, const struct plan *plan, int record)
{
	char path[OWNLOOKUP_FOLDER + 16];
	int pair[2] = { -1, -1 }, sock = -1, bad = -1, error;

	l->control = -1;
	snprintf(l->folder, sizeof(l->folder), "/tmp/inlet-lookup.XXXXXX");
	if (mkdtemp(l->folder) == NULL) {
		l->folder[0] = '\0';
		return -1;
	}
	sock = net_unix_bind(socket_path(l, path, sizeof(path)),
	    SOCK_SEQPACKET, 0600);
	if (sock >= 0 && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
	    pair) == 0) {
		l->control = pair[0];
		bad = start(l, plan, record, sock, pair[1]);
		close(pair[1]);
		if (bad == 0)
			bad = wait_ready(l);
	}
	error = errno;
	if (sock >= 0)
		close(sock);
	if (bad != 0)
		ownlookup_end(l);
	errno = error;
	return bad;
}

void
ownlookup_find(struct ownlookup *l, const struct plan *plan, int record)
{
	int sock;

	memset(l, 0, sizeof(*l));
	snprintf(l->jail, sizeof(l->jail), "%s/jail", plan->run_directory);
	sock = resolver_connect(l->jail);
	if (sock >= 0) {
		close(sock);
		l->who = LOOKUP_RESIDENT;
	} else if (start_own(l, plan, record) == 0) {
		snprintf(l->jail, sizeof(l->jail), "%s", l->folder);
		l->who = LOOKUP_OWN;
	} else {
		log_note(LEVEL_WARNING, "nobody can look names up: %s",
		    strerror(errno));
	}
}

void
ownlookup_end(struct ownlookup *l)
{
	char path[OWNLOOKUP_FOLDER + 16];

	if (l->folder[0] == '\0')
		return;
	if (l->control >= 0)
		close(l->control);
	while (l->pid > 0 && waitpid(l->pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	(void)unlink(socket_path(l, path, sizeof(path)));
	(void)rmdir(l->folder);
	l->folder[0] = '\0';
}

/*
 * running - see running.h.
 *
 * The numbers are in memory of smtpd, submit and authsrvr, which smtpd lets
 * root and its own user look at (lib/shown.h).  Then we need no privilege any
 * more.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "lib/fdio.h"
#include "lib/net.h"
#include "lib/priv.h"
#include "tools/configured.h"
#include "tools/running.h"

#define WAIT_MS 5000

/* EBADMSG: no smtpd of this build is there; ETIMEDOUT: it does not answer. */
static int
get(const char *path, struct limits_view *v, int fds_r[SHOWN_FDS])
{
	int sock = net_unix_connect(path, SOCK_SEQPACKET), n = SHOWN_FDS;
	struct pollfd p = { sock, POLLIN, 0 };
	struct shown *s = &v->shown;
	struct ucred peer;
	socklen_t len = sizeof(peer);
	ssize_t got;

	if (sock < 0)
		return -1;
	if (poll(&p, 1, WAIT_MS) == 0) {
		close(sock);
		errno = ETIMEDOUT;
		return -1;
	}
	got = fd_take(sock, s, sizeof(*s), fds_r, &n, MSG_DONTWAIT);
	if (getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0)
		v->process = peer.pid;
	close(sock);
	if (got == (ssize_t)sizeof(*s) && n == SHOWN_FDS &&
	    s->magic == SHOWN_MAGIC)
		return 0;
	while (n > 0)
		close(fds_r[--n]);
	errno = EBADMSG;
	return -1;
}

static int
no_server(const char *command, const char *path)
{
	if (errno == ENOENT || errno == ECONNREFUSED) {
		fprintf(stderr, "inlet %s: no server is running (%s: "
		    "%s)\n", command, path, strerror(errno));
		return EX_UNAVAILABLE;
	}
	if (errno == EACCES) {
		fprintf(stderr, "inlet %s: only root and the server's own "
		    "user may see what it counts (%s)\n", command, path);
		return EX_NOPERM;
	}
	if (errno == EBADMSG) {
		fprintf(stderr, "inlet %s: the server is not of the same "
		    "build as inlet\n", command);
		return EX_SOFTWARE;
	}
	fprintf(stderr, "inlet %s: %s: %s\n", command, path,
	    strerror(errno));
	return errno == ETIMEDOUT ? EX_TEMPFAIL : EX_OSERR;
}

static bool
map(struct limits_view *v, const int fds[SHOWN_FDS])
{
	if (plan_read(fds[SHOWN_RECORD], &v->plan) != 0)
		return false;
	v->conf = conf_from_fd(fds[SHOWN_RECORD], (int64_t)v->plan.conf_at);
	v->rows = rows_map(fds[SHOWN_ROWS], &v->nrows);
	v->table[LIMITS_SMTPD] = counts_open(fds[SHOWN_SMTPD], false);
	v->table[LIMITS_SUBMIT] = counts_open(fds[SHOWN_SUBMIT], false);
	v->table[LIMITS_AUTH] = counts_open(fds[SHOWN_AUTH], false);
	return v->conf != NULL && v->rows != NULL &&
	    v->table[LIMITS_SMTPD] != NULL &&
	    v->table[LIMITS_SUBMIT] != NULL && v->table[LIMITS_AUTH] != NULL;
}

static int
open_view(const char *command, struct limits_view *v, const char *run)
{
	const struct proc_user *u = &v->plan.users[PLAN_SUBMIT];
	char path[PLAN_PATH + sizeof(SHOWN_PATH)];
	int fds[SHOWN_FDS];
	bool good;

	snprintf(path, sizeof(path), "%s%s", run, SHOWN_PATH);
	if (get(path, v, fds) != 0)
		return no_server(command, path);
	good = map(v, fds);
	for (int i = 0; i < SHOWN_FDS; i++)
		close(fds[i]);
	if (!good) {
		errno = EBADMSG;
		return no_server(command, path);
	}
	if (geteuid() == 0 && priv_drop(u->uid, u->gid) != 0) {
		fprintf(stderr, "inlet %s: cannot become user %u\n",
		    command, (unsigned)u->uid);
		return EX_OSERR;
	}
	return EX_OK;
}

int
running_open(const struct request *r, const char *command,
    struct limits_view *v_r)
{
	struct configured c;
	int code;

	memset(v_r, 0, sizeof(*v_r));
	code = configured_open(&c, &r->tailor);
	if (code != EX_OK)
		return code;
	code = open_view(command, v_r, c.conf->server.v.run_directory);
	configured_close(&c);
	return code;
}

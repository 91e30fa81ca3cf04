/*
 * keys - the keysrvr of a template, or of a session by exec.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/net.h"
#include "lib/priv.h"
#include "lib/proc.h"
#include "smtpsrvr/keys.h"

#define PREFIX "keys-"

/* Sockets of those that have ended: nobody else could remove them. */
static void
sweep(const char *jail)
{
	char path[PLAN_PATH + 300];
	struct dirent *e;
	DIR *d = opendir(jail);
	int fd;

	while (d != NULL && (e = readdir(d)) != NULL) {
		if (strncmp(e->d_name, PREFIX, strlen(PREFIX)) != 0)
			continue;
		snprintf(path, sizeof path, "%s/%s", jail, e->d_name);
		fd = net_unix_connect(path, SOCK_SEQPACKET);
		if (fd >= 0)
			close(fd);
		else if (errno == ECONNREFUSED)
			unlink(path);
	}
	if (d != NULL)
		closedir(d);
}

static int
bind_socket(struct keysrvr *k, const struct plan *p, const char *jail)
{
	const struct proc_user *u = &p->users[PLAN_SESSION];
	char path[PLAN_PATH + 64];
	uint64_t n;
	int fd;

	if (getrandom(&n, sizeof n, 0) != sizeof n)
		return -1;
	snprintf(k->name, sizeof k->name, PREFIX "%016llx",
	    (unsigned long long)n);
	snprintf(path, sizeof path, "%s/%s", jail, k->name);
	fd = net_unix_bind(path, SOCK_SEQPACKET, 0600);
	if (fd >= 0 && geteuid() == 0 && chown(path, u->uid, u->gid) != 0) {
		close(fd);
		fd = -1;
	}
	if (fd < 0)
		log_note(LEVEL_ERROR, "%s: %s", path, strerror(errno));
	return fd;
}

static bool
ready(int control, int64_t deadline)
{
	struct pollfd p = { control, POLLIN, 0 };
	char c = 0;
	int n;

	do {
		n = poll(&p, 1, clock_left(deadline));
	} while (n < 0 && errno == EINTR);
	return n == 1 && recv(control, &c, 1, 0) == 1 && c == 'R';
}

int
keys_start(struct keysrvr *k, const struct plan *p, const char *jail,
    int record, int log)
{
	static const struct proc_user as_we_are = { (uid_t)-1, (gid_t)-1 };
	char path[PLAN_PATH + 32], name[] = "keysrvr";
	char *argv[] = { name, NULL };
	int pair[2], sock;

	memset(k, 0, sizeof *k);
	sweep(jail);
	sock = bind_socket(k, p, jail);
	if (sock < 0)
		return -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
		close(sock);
		return -1;
	}
	snprintf(path, sizeof path, "%s/%s", p->program_directory, name);
	k->pid = proc_start(path, argv, (int[]){ -1, -1, 2, record, pair[1],
	    log, sock }, 7, &as_we_are);
	close(pair[1]);
	close(sock);
	/* Sessions have it, too: where their filter protects it. */
	k->control = fcntl(pair[0], F_DUPFD_CLOEXEC, PRIV_SHARED);
	close(pair[0]);
	if (k->pid > 0 && k->control >= 0 &&
	    ready(k->control, clock_ms() + p->start_ms))
		return 0;
	log_note(LEVEL_ERROR, "keysrvr could not start");
	return -1;
}

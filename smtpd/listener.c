/*
 * listener - the sockets that clients and our own programs connect to.
 *
 * smtpd holds all of them, so that a helper that dies loses no caller: who
 * connects meanwhile waits in the backlog for the next one.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "lib/shown.h"
#include "smtpd/listener.h"

#define LISTEN_TRIES 25
#define LISTEN_PAUSE_NS 20000000

static int
take_over(struct listeners *old, const struct plan_socket *s)
{
	for (int i = 0; i < old->n; i++)
		if (old->fd[i] >= 0 &&
		    memcmp(&old->at[i], &s->at, sizeof s->at) == 0 &&
		    strcmp(old->path[i], s->path) == 0)
			return i;
	return -1;
}

/*
 * A child of a smtpd that was just killed holds its sockets too, from its
 * fork to its exec.
 */
static int
listen_at(const struct plan_socket *s, int backlog)
{
	const struct timespec pause = { .tv_nsec = LISTEN_PAUSE_NS };
	const struct netaddr *at = &s->at;
	int fd;

	if (s->path[0] != '\0')
		return net_unix_bind(s->path, SOCK_STREAM, s->mode);
	fd = net_listen(at, backlog);

	for (int i = 0; fd < 0 && errno == EADDRINUSE && i < LISTEN_TRIES;
	    i++) {
		nanosleep(&pause, NULL);
		fd = net_listen(at, backlog);
	}
	return fd;
}

int
listener_open(struct listeners *l_r, struct listeners *old,
    const struct plan *p, int *bad_r)
{
	int from[PLAN_SOCKETS], i;

	l_r->n = p->nsockets;
	l_r->adopted = old->adopted;
	for (i = 0; i < p->nsockets; i++) {
		l_r->at[i] = p->sockets[i].at;
		memcpy(l_r->path[i], p->sockets[i].path,
		    sizeof l_r->path[i]);
		from[i] = take_over(old, &p->sockets[i]);
		l_r->fd[i] = -1;
		if (from[i] >= 0)
			continue;
		if (i == 0 && old->adopted >= 0) {
			l_r->fd[0] = old->adopted;
			continue;
		}
		l_r->fd[i] = listen_at(&p->sockets[i], p->backlog);
		if (l_r->fd[i] >= 0 || (p->sockets[i].optional &&
		    (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL)))
			continue;
		*bad_r = i;
		break;
	}
	if (i < p->nsockets) {
		int e = errno;

		while (--i >= 0)
			if (l_r->fd[i] >= 0 && l_r->fd[i] != old->adopted)
				close(l_r->fd[i]);
		errno = e;
		return -1;
	}
	for (i = 0; i < p->nsockets; i++) {
		if (from[i] >= 0) {
			l_r->fd[i] = old->fd[from[i]];
			old->fd[from[i]] = -1;
		} else if (l_r->fd[i] >= 0) {
			/* A client that is gone again must not hold us up. */
			fcntl(l_r->fd[i], F_SETFL, O_NONBLOCK);
		}
	}
	return 0;
}

void
listener_adopt(struct plan *p, int adopted)
{
	struct sockaddr_storage ss = { 0 };
	socklen_t len = sizeof ss;
	int n = 1;

	p->sockets[0].path[0] = '\0';
	if (getsockname(adopted, (struct sockaddr *)&ss, &len) == 0)
		net_from_sockaddr(&p->sockets[0].at, (struct sockaddr *)&ss);
	for (int i = 1; i < p->nsockets; i++)
		if (p->sockets[i].listener != p->sockets[0].listener)
			p->sockets[n++] = p->sockets[i];
	p->nsockets = n;
}

void
listener_given(struct listeners *l_r, int first, int n)
{
	for (; l_r->n < n; l_r->n++) {
		struct sockaddr_storage ss = { 0 };
		socklen_t len = sizeof ss;
		int fd = l_r->fd[l_r->n] = first + l_r->n;

		if (getsockname(fd, (struct sockaddr *)&ss, &len) == 0 &&
		    fcntl(fd, F_SETFL, O_NONBLOCK) == 0)
			net_from_sockaddr(&l_r->at[l_r->n],
			    (struct sockaddr *)&ss);
	}
}

void
listener_close(struct listeners *l)
{
	for (int i = 0; i < l->n; i++)
		if (l->fd[i] >= 0)
			close(l->fd[i]);
	l->n = 0;
}

static const char *
inner_path(const struct plan *p, const char *name)
{
	static char path[PLAN_PATH + 32];

	snprintf(path, sizeof path, "%s%s", p->run_directory, name);
	return path;
}

/*
 * The two sockets that logger reads.  At a bound one the kernel keeps only
 * net.unix.max_dgram_qlen datagrams, ten by default; a pair keeps what the
 * sender's buffer holds, and so our children have one.  Both name the sender
 * from the first datagram on.
 */
static int
log_sockets(struct inner *i_r)
{
	int pair[2], on = 1, size = 1 << 20;

	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair) != 0)
		return -1;
	i_r->log_send = pair[0];
	i_r->log_take = pair[1];
	if (setsockopt(i_r->log_send, SOL_SOCKET, SO_SNDBUFFORCE, &size,
	    sizeof size) != 0)
		(void)setsockopt(i_r->log_send, SOL_SOCKET, SO_SNDBUF, &size,
		    sizeof size);
	return setsockopt(i_r->log, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) |
	    setsockopt(i_r->log_take, SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
}

/*
 * A second smtpd would take the first one's sockets away.  The lock is not
 * inherited, so that it is free as soon as smtpd is gone, however it went.
 */
static int
lock_pid(const char *path)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);

	if (fd < 0 || fcntl(fd, F_SETLK, &whole) == 0)
		return fd;
	close(fd);
	errno = EBUSY;
	return -1;
}

/* One of our own sockets, and whose it is; -1 with errno, and its path. */
static int
door(const struct plan *p, const char *name, int type, int mode,
    enum plan_user user, const char **path_r)
{
	const struct proc_user *u = &p->users[user];
	int fd = net_unix_bind(*path_r = inner_path(p, name), type, mode);

	if (fd >= 0 && user < PLAN_USERS && geteuid() == 0 &&
	    chown(*path_r, u->uid, u->gid) != 0)
		return -1;
	return fd;
}

/* Sessions open jail/submit; deliver, the submit user, opens the others. */
int
listener_inner(struct inner *i_r, const struct plan *p, const char **path_r)
{
	if (net_unix_folder(*path_r = inner_path(p, "")) != 0 ||
	    (i_r->pid = lock_pid(*path_r = inner_path(p, "/smtpd.pid"))) < 0 ||
	    net_unix_folder(*path_r = inner_path(p, "/jail")) != 0)
		return -1;
	i_r->submit = door(p, "/jail/submit", SOCK_STREAM, 0600, PLAN_SESSION,
	    path_r);
	if (i_r->submit < 0 || (i_r->lookup = door(p, "/jail/lookup",
	    SOCK_SEQPACKET, 0666, PLAN_USERS, path_r)) < 0 ||
	    (i_r->auth = door(p, "/jail/auth", SOCK_SEQPACKET, 0600,
	    PLAN_SESSION, path_r)) < 0 ||
	    (i_r->local = door(p, "/submit", SOCK_STREAM,
	    p->submit_socket_mode, PLAN_SUBMIT, path_r)) < 0 ||
	    (i_r->shown = door(p, SHOWN_PATH, SOCK_SEQPACKET, 0600,
	    PLAN_USERS, path_r)) < 0 ||
	    fcntl(i_r->shown, F_SETFL, O_NONBLOCK) != 0 ||
	    (i_r->log = door(p, "/log", SOCK_DGRAM, 0600, PLAN_SUBMIT,
	    path_r)) < 0)
		return -1;
	return log_sockets(i_r);
}

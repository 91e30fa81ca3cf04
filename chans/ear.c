/*
 * ear - see ear.h.
 *
 * Bound as root, where deliver starts as root: the folder is root's.  Heard
 * as the submit user.  Who may connect is who may write to the socket: root
 * and its owner; the peer's uid is looked at all the same.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "chans/ear.h"
#include "lib/net.h"

#define TURN_REQUESTS 64	/* of one caller */

static int
bind_to(const char *path, uid_t uid, gid_t gid)
{
	int fd = net_unix_connect(path, SOCK_SEQPACKET), saved;

	if (fd != -1) {
		close(fd);
		errno = EADDRINUSE;
		return -1;
	}
	fd = net_unix_bind(path, SOCK_SEQPACKET, 0600);
	if (fd == -1)
		return -1;
	if (geteuid() != 0 || uid == 0 || chown(path, uid, gid) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

void
ear_init(struct ear *ear_r)
{
	*ear_r = (struct ear){ .sock = -1 };
	for (size_t i = 0; i < EAR_CALLERS; i++)
		ear_r->caller[i] = -1;
}

int
ear_open(struct ear *ear_r, const char *run, uid_t uid, gid_t gid)
{
	char path[200];

	ear_init(ear_r);
	snprintf(path, sizeof path, "%s/" CONTROL_SOCKET, run);
	if (net_unix_folder(run) == -1)
		return -1;
	ear_r->sock = bind_to(path, uid, gid);
	return ear_r->sock == -1 ? -1 : 0;
}

static void
hang_up(struct ear *ear, size_t i)
{
	close(ear->caller[i]);
	ear->caller[i] = -1;
	ear->n--;
}

void
ear_close(struct ear *ear)
{
	for (size_t i = 0; i < EAR_CALLERS; i++) {
		if (ear->caller[i] != -1)
			hang_up(ear, i);
	}
	if (ear->sock != -1)
		close(ear->sock);
	ear->sock = -1;
}

size_t
ear_poll(const struct ear *ear, struct pollfd *p_r)
{
	size_t n = 0;

	if (ear->sock != -1 && ear->n < EAR_CALLERS)
		p_r[n++] = (struct pollfd){ .fd = ear->sock,
		    .events = POLLIN };
	for (size_t i = 0; i < EAR_CALLERS; i++) {
		if (ear->caller[i] != -1)
			p_r[n++] = (struct pollfd){ .fd = ear->caller[i],
			    .events = POLLIN };
	}
	return n;
}

void
ear_take(struct ear *ear, int fd)
{
	size_t i = 0;

	while (ear->caller[i] != -1)
		i++;
	ear->caller[i] = fd;
	ear->n++;
}

static void
call(struct ear *ear)
{
	int fd = accept(ear->sock, NULL, NULL);
	int64_t uid;

	if (fd == -1)
		return;
	uid = net_peer_uid(fd);
	if (uid != 0 && uid != geteuid()) {
		close(fd);
		return;
	}
	ear_take(ear, fd);
}

static void
hear_one(struct ear *ear, size_t i)
{
	struct control_request r;
	struct control_answer a;
	ssize_t got;

	for (int n = 0; n < TURN_REQUESTS; n++) {
		memset(&r, 0, sizeof r);
		got = recv(ear->caller[i], &r, sizeof r,
		    MSG_DONTWAIT | MSG_TRUNC);
		if (got == -1 && (errno == EAGAIN || errno == EINTR))
			return;
		if (got != (ssize_t)sizeof r) {
			if (got <= 0) {
				hang_up(ear, i);
				return;
			}
			r.version = 0;	/* which is malformed */
		}
		ear->ask(ear->ctx, &r, &a);
		if (send(ear->caller[i], &a, sizeof a,
		    MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)sizeof a) {
			hang_up(ear, i);
			return;
		}
	}
}

void
ear_hear(struct ear *ear, const struct pollfd *p, size_t n)
{
	for (size_t k = 0; k < n; k++) {
		if (p[k].revents == 0)
			continue;
		if (p[k].fd == ear->sock) {
			call(ear);
			continue;
		}
		for (size_t i = 0; i < EAR_CALLERS; i++) {
			if (ear->caller[i] == p[k].fd) {
				hear_one(ear, i);
				break;
			}
		}
	}
}

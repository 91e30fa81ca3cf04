/*
 * fdio - whole reads and writes with a deadline, and descriptors in messages.
 *
 * Sessions use the reads and writes behind their last filter: only read,
 * write, recvfrom, sendto, sendmsg and poll are called there, so whether a
 * descriptor is a socket is learned from the first call's ENOTSOCK.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/clock.h"
#include "lib/fdio.h"

/* What sendmsg(2) takes at once. */
#define PIECES 64

/* One descriptor while it is read or written. */
struct stream {
	int fd;
	bool plain;		/* not a socket */
	int64_t deadline;
};

/* 0 once fd is ready (or in error: the next call says which). */
static int
await(const struct stream *s, short events)
{
	struct pollfd p = { .fd = s->fd, .events = events };
	int n;

	do
		n = poll(&p, 1, clock_left(s->deadline));
	while (n == -1 && errno == EINTR);
	if (n == 0)
		errno = ETIMEDOUT;
	return n > 0 ? 0 : -1;
}

/* Whether to try again after n was -1; may wait first. */
static bool
again(struct stream *s, short events)
{
	if (errno == EINTR)
		return true;
	if (errno == ENOTSOCK && !s->plain) {
		s->plain = true;
		return true;
	}
	if (errno != EAGAIN && errno != EWOULDBLOCK)
		return false;
	return await(s, events) == 0;
}

/* A blocking pipe must not hold us beyond the deadline: ask before. */
static bool
ask_first(const struct stream *s)
{
	return s->plain && s->deadline != CLOCK_NEVER;
}

static ssize_t
read_some(struct stream *s, void *p, size_t len)
{
	ssize_t n;

	do {
		if (ask_first(s) && await(s, POLLIN) == -1)
			return -1;
		n = s->plain ? read(s->fd, p, len) :
		    recv(s->fd, p, len, MSG_DONTWAIT);
	} while (n == -1 && again(s, POLLIN));
	return n;
}

static int
read_least(struct stream *s, char *at, size_t least, size_t most,
    size_t *len_r)
{
	size_t got = 0;

	while (got < least) {
		ssize_t n = read_some(s, at + got, most - got);

		if (n == -1)
			return -1;
		if (n == 0) {
			errno = got > 0 ? EPIPE : 0;
			return -1;
		}
		got += (size_t)n;
	}
	*len_r = got;
	return 0;
}

int
fd_read(int fd, void *p, size_t len, int64_t deadline)
{
	struct stream s = { .fd = fd, .deadline = deadline };

	return read_least(&s, p, len, len, &len);
}

int
fd_read_answer(int fd, void *p, size_t least, size_t most, size_t *len_r,
    int64_t deadline)
{
	struct stream s = { .fd = fd, .deadline = deadline };

	/* It is never there at once: asking first saves a call. */
	if (await(&s, POLLIN) == -1)
		return -1;
	return read_least(&s, p, least, most, len_r);
}

static ssize_t
write_some(struct stream *s, const void *p, size_t len)
{
	ssize_t n;

	do {
		if (ask_first(s) && await(s, POLLOUT) == -1)
			return -1;
		/* A pipe that can be written takes this much at once. */
		if (ask_first(s) && len > PIPE_BUF)
			len = PIPE_BUF;
		n = s->plain ? write(s->fd, p, len) :
		    send(s->fd, p, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (n == -1 && again(s, POLLOUT));
	return n;
}

static int
write_all(struct stream *s, const void *p, size_t len)
{
	const char *at = p;

	while (len > 0) {
		ssize_t n = write_some(s, at, len);

		if (n == -1)
			return -1;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

int
fd_write(int fd, const void *p, size_t len, int64_t deadline)
{
	struct stream s = { .fd = fd, .deadline = deadline };

	return write_all(&s, p, len);
}

/* Steps over n bytes and over empty pieces. */
static void
advance(struct msghdr *m, size_t n)
{
	while (m->msg_iovlen > 0 && n >= m->msg_iov->iov_len) {
		n -= m->msg_iov->iov_len;
		m->msg_iov++;
		m->msg_iovlen--;
	}
	if (m->msg_iovlen > 0) {
		m->msg_iov->iov_base = (char *)m->msg_iov->iov_base + n;
		m->msg_iov->iov_len -= n;
	}
}

static ssize_t
send_pieces(struct stream *s, const struct msghdr *all)
{
	struct msghdr m = *all;
	ssize_t n;

	if (m.msg_iovlen > PIECES)
		m.msg_iovlen = PIECES;
	do {
		if (s->plain)
			n = write_some(s, m.msg_iov->iov_base,
			    m.msg_iov->iov_len);
		else
			n = sendmsg(s->fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (n == -1 && again(s, POLLOUT));
	return n;
}

int
fd_writev(int fd, struct iovec *iov, int n, int64_t deadline)
{
	struct stream s = { .fd = fd, .deadline = deadline };
	struct msghdr m = { .msg_iov = iov, .msg_iovlen = (size_t)n };

	for (advance(&m, 0); m.msg_iovlen > 0;) {
		ssize_t done = send_pieces(&s, &m);

		if (done == -1)
			return -1;
		advance(&m, (size_t)done);
	}
	return 0;
}

int
fd_pwrite(int fd, const void *p, size_t len, off_t at)
{
	const char *from = p;

	while (len > 0) {
		ssize_t n = pwrite(fd, from, len, at);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == 0)
			errno = EIO;
		if (n <= 0)
			return -1;
		from += n;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

int
fd_pass(int sock, const void *p, size_t len, const int *fds, int nfds,
    int flags)
{
	union {
		struct cmsghdr align;
		char p[CMSG_SPACE(sizeof(int) * FD_PASS_MAX)];
	} room;
	/* An iovec serves readers too; sendmsg only looks. */
	struct iovec iov = { .iov_base = (void *)(uintptr_t)p, .iov_len = len };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	if (nfds < 0 || nfds > FD_PASS_MAX) {
		errno = EINVAL;
		return -1;
	}
	memset(&room, 0, sizeof(room));
	if (nfds > 0) {
		size_t size = sizeof(int) * (size_t)nfds;

		m.msg_control = room.p;
		m.msg_controllen = CMSG_SPACE(size);
		room.align.cmsg_level = SOL_SOCKET;
		room.align.cmsg_type = SCM_RIGHTS;
		room.align.cmsg_len = CMSG_LEN(size);
		memcpy(CMSG_DATA(&room.align), fds, size);
	}
	do
		n = sendmsg(sock, &m, flags | MSG_NOSIGNAL);
	while (n == -1 && errno == EINTR);
	if (n != -1 && (size_t)n != len) {
		errno = EMSGSIZE;
		return -1;
	}
	return n == -1 ? -1 : 0;
}

/* Keeps the first most descriptors of one header, closes the others. */
static void
keep(struct cmsghdr *h, int *fds, int *nfds_io, int most)
{
	size_t n = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);

	for (size_t i = 0; i < n; i++) {
		int fd;

		memcpy(&fd, CMSG_DATA(h) + i * sizeof(fd), sizeof(fd));
		if (*nfds_io < most)
			fds[(*nfds_io)++] = fd;
		else
			close(fd);
	}
}

ssize_t
fd_take(int sock, void *p, size_t len, int *fds, int *nfds_io, int flags)
{
	/* Credentials come too where SO_PASSCRED is set. */
	union {
		struct cmsghdr align;
		char p[CMSG_SPACE(sizeof(int) * FD_PASS_MAX) +
		    CMSG_SPACE(sizeof(struct ucred))];
	} room;
	struct iovec iov = { .iov_base = p, .iov_len = len };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = room.p, .msg_controllen = sizeof(room.p) };
	int most = *nfds_io;
	ssize_t n;

	*nfds_io = 0;
	memset(&room, 0, sizeof(room));
	do
		n = recvmsg(sock, &m, flags | MSG_CMSG_CLOEXEC);
	while (n == -1 && errno == EINTR);
	if (n == -1)
		return -1;
	for (struct cmsghdr *h = CMSG_FIRSTHDR(&m); h != NULL;
	    h = CMSG_NXTHDR(&m, h))
		if (h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_RIGHTS)
			keep(h, fds, nfds_io, most);
	if (m.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
		while (*nfds_io > 0)
			close(fds[--*nfds_io]);
		errno = EBADMSG;
		return -1;
	}
	return n;
}

void
fd_close_from(int first)
{
	if (close_range((unsigned)first, UINT_MAX, 0) == -1)
		for (long fd = sysconf(_SC_OPEN_MAX); fd-- > first;)
			close((int)fd);
}

bool
fd_is_socket(int fd, bool *listening_r, bool *connected_r)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer), size = sizeof(int);
	struct stat st;
	int listening = 0;
	bool is = fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode);

	if (is)
		getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size);
	if (listening_r != NULL)
		*listening_r = is && listening != 0;
	if (connected_r != NULL)
		*connected_r = is &&
		    getpeername(fd, (struct sockaddr *)&peer, &len) == 0;
	return is;
}

int
fd_standard(void)
{
	for (int want = 0; want <= 2; want++) {
		int fd;

		if (fcntl(want, F_GETFD) != -1)
			continue;
		/* The lowest free one: all below are open by now. */
		fd = open("/dev/null", O_RDWR);
		if (fd != want) {
			if (fd != -1)
				close(fd);
			return -1;
		}
	}
	return 0;
}

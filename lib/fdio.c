/*
 * fdio - whole reads and writes with a deadline.
 *
 * Sessions use the reads and writes behind their last filter: only read,
 * write, recvfrom, sendto, sendmsg and poll are called there, so whether a
 * descriptor is a socket is learned from the first call's ENOTSOCK.
 */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
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

/*
 * relay_wire - sockets that never block, poll, deadlines.
 *
 * Runs in channel programs.  What comes is a stranger's: it is kept only as
 * long as replies may be, and nothing but relay_reply.c reads it.
 */
#include "config.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "chans/relay_wire.h"
#include "lib/clock.h"
#include "lib/text.h"

#define READ_SIZE 4096

void
relay_wire_init(struct relay_wire *w, void (*tick)(void), int tick_ms)
{
	*w = (struct relay_wire){ .fd = -1, .tick = tick, .tick_ms = tick_ms };
	buf_init(&w->in, RELAY_WIRE_UNREAD);
}

static void
tick(struct relay_wire *w)
{
	int64_t now = clock_ms();

	if (w->tick != NULL && now - w->ticked >= w->tick_ms) {
		w->ticked = now;
		w->tick();
	}
}

/* The events that are there; 0 with errno if there are none in time. */
static short
wait_for(struct relay_wire *w, short events, int64_t deadline)
{
	struct pollfd p = { .fd = w->fd, .events = events };
	int n, ms;

	do {
		tick(w);
		ms = clock_left(deadline);
		if (w->tick != NULL && (ms == -1 || ms > w->tick_ms))
			ms = w->tick_ms;
		n = poll(&p, 1, ms);
	} while ((n == -1 && errno == EINTR) ||
	    (n == 0 && clock_left(deadline) != 0));
	if (n == 0)
		errno = ETIMEDOUT;
	return n > 0 ? p.revents : 0;
}

int
relay_wire_wait(struct relay_wire *w, short events, int64_t deadline)
{
	return wait_for(w, events, deadline) != 0 ? 0 : -1;
}

static int
open_socket(const struct relay_place *place, const struct netaddr *source,
    struct sockaddr_storage *to, socklen_t *len_r)
{
	struct sockaddr_un *un = (struct sockaddr_un *)(void *)to;
	struct sockaddr_storage from;
	socklen_t len;
	int fd, on = 1;

	memset(to, 0, sizeof *to);
	if (place->address.family == 0) {
		un->sun_family = AF_UNIX;
		if (text_copy(un->sun_path, sizeof un->sun_path,
		    place->path) == -1) {
			errno = ENAMETOOLONG;
			return -1;
		}
		*len_r = sizeof *un;
	} else
		*len_r = net_to_sockaddr(&place->address, to);
	fd = socket(to->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
	    0);
	if (fd == -1 || place->address.family == 0)
		return fd;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
	if (source != NULL && source->family == place->address.family) {
		len = net_to_sockaddr(source, &from);
		if (bind(fd, (struct sockaddr *)&from, len) == -1) {
			on = errno;
			close(fd);
			errno = on;
			return -1;
		}
	}
	return fd;
}

static int
finish_connect(struct relay_wire *w, int64_t deadline)
{
	int error = 0;
	socklen_t len = sizeof error;

	if (wait_for(w, POLLOUT, deadline) == 0)
		return -1;
	if (getsockopt(w->fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1)
		return -1;
	errno = error;
	return error == 0 ? 0 : -1;
}

int
relay_wire_connect(struct relay_wire *w, const struct relay_place *place,
    const struct netaddr *source, int64_t deadline)
{
	struct sockaddr_storage to;
	socklen_t len;
	int error;

	w->ticked = clock_ms();
	w->fd = open_socket(place, source, &to, &len);
	if (w->fd == -1)
		return -1;
	if (connect(w->fd, (struct sockaddr *)&to, len) == 0 ||
	    ((errno == EINPROGRESS || errno == EINTR) &&
	    finish_connect(w, deadline) == 0))
		return 0;
	error = errno;
	relay_wire_close(w);
	errno = error;
	return -1;
}

static ssize_t
raw_read(struct relay_wire *w, void *p, size_t len, short *want_r)
{
	*want_r = POLLIN;
	return w->cipher != NULL ? w->cipher->read(w->state, p, len, want_r) :
	    recv(w->fd, p, len, MSG_DONTWAIT);
}

static ssize_t
raw_write(struct relay_wire *w, const void *p, size_t len, short *want_r)
{
	*want_r = POLLOUT;
	return w->cipher != NULL ? w->cipher->write(w->state, p, len, want_r) :
	    send(w->fd, p, len, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static bool
again(void)
{
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

/*
 * Reads what is there, once: 1 something, 0 nothing yet (*want_r says what to
 * wait for), -1 with errno; EPIPE is the end.
 */
static int
fill(struct relay_wire *w, short *want_r)
{
	ssize_t n;

	if (buf_reserve(&w->in, READ_SIZE) == -1) {
		errno = EBADMSG;
		return -1;
	}
	n = raw_read(w, w->in.p + w->in.len, READ_SIZE, want_r);
	if (n > 0) {
		w->in.len += (size_t)n;
		w->in.p[w->in.len] = '\0';
		return 1;
	}
	if (n == -1 && again())
		return 0;
	if (n == 0 || errno == ECONNRESET)
		errno = EPIPE;
	return -1;
}

int
relay_wire_write(struct relay_wire *w, const void *p, size_t len,
    int64_t deadline)
{
	const char *at = p;
	short want, in = POLLIN, got;
	bool ended = false;
	ssize_t n;

	while (len > 0) {
		n = raw_write(w, at, len, &want);
		if (n > 0) {
			at += n;
			len -= (size_t)n;
			continue;
		}
		if (n == -1 && !again()) {
			if (errno == ECONNRESET)
				errno = EPIPE;
			return -1;
		}
		/* What it says meanwhile is kept; its end shows in writing. */
		if (ended || w->in.most - w->in.len <= READ_SIZE)
			in = 0;
		got = wait_for(w, (short)(want | in), deadline);
		if (got == 0)
			return -1;
		if ((got & POLLIN) != 0 && in != 0)
			ended = fill(w, &want) == -1;
	}
	return 0;
}

/* -1: none is there yet; errno EAGAIN more is wanted, EBADMSG it is none. */
static int
take(struct relay_wire *w, struct relay_reply *r_r,
    void (*line)(void *arg, const char *text, size_t len), void *arg)
{
	size_t used;

	switch (relay_reply_read(w->in.p, w->in.len, r_r, &used, line, arg)) {
	case RELAY_READ_WHOLE:
		buf_drop(&w->in, used);
		return 0;
	case RELAY_READ_MORE:
		errno = EAGAIN;
		return -1;
	case RELAY_READ_BAD:
	default:
		errno = EBADMSG;
		return -1;
	}
}

int
relay_wire_reply(struct relay_wire *w, struct relay_reply *r_r,
    int64_t deadline, void (*line)(void *arg, const char *text, size_t len),
    void *arg)
{
	short want;
	int n;

	for (;;) {
		if (w->in.len > 0) {
			if (take(w, r_r, line, arg) == 0)
				return 0;
			if (errno != EAGAIN)
				return -1;
		}
		n = fill(w, &want);
		if (n == -1 || (n == 0 &&
		    wait_for(w, want, deadline) == 0))
			return -1;
		/* One who sends a byte now and then is late all the same. */
		if (n == 1 && clock_left(deadline) == 0) {
			errno = ETIMEDOUT;
			return -1;
		}
	}
}

bool
relay_wire_quiet(struct relay_wire *w)
{
	short want;

	return w->fd != -1 && w->in.len == 0 && fill(w, &want) == 0;
}

bool
relay_wire_last(struct relay_wire *w, struct relay_reply *r_r)
{
	short want;

	while (w->fd != -1 && fill(w, &want) == 1)
		;
	return w->in.len > 0 && take(w, r_r, NULL, NULL) == 0;
}

void
relay_wire_close(struct relay_wire *w)
{
	if (w->cipher != NULL)
		w->cipher->end(w->state);
	w->cipher = NULL;
	w->state = NULL;
	if (w->fd != -1)
		close(w->fd);
	w->fd = -1;
	buf_free(&w->in);
	buf_init(&w->in, RELAY_WIRE_UNREAD);
}

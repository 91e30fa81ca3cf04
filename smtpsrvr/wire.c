/*
 * wire - the client's connection: bounded lines in, batched replies out.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/fdio.h"
#include "lib/text.h"
#include "smtpsrvr/wire.h"

#define DRAIN_MS 5000
#define DRAIN_BYTES (1024 * 1024)
#define DIRECT_LEAST 8192	/* read past the buffer */
#define LINE_MOST 2048		/* a challenge of AUTH is the longest */
#define LOOK_MS 15000
#define NO_WAIT (-1)		/* no deadline is that */

void
wire_init(struct wire *w, int in, int out, int life)
{
	w->in = in;
	w->out = out;
	w->life = life;
	w->reply_ms = 300000;
	w->at = w->len = w->used = 0;
	w->plain = false;
	w->hurried = NULL;
	w->awaited = NO_WAIT;
	w->since = 0;
	w->stuck = false;
	w->cover = NULL;
	w->over = NULL;
}

void
wire_hurry(struct wire *w, int64_t ms, bool (*hurried)(const void *ctx),
    const void *ctx)
{
	w->hurry_ms = ms;
	w->hurried = hurried;
	w->hurrier = ctx;
}

bool
wire_pending(const struct wire *w)
{
	return w->at < w->len;
}

/*
 * How long to sleep until the next look; the deadline may be another then.
 * Who answers before that is none the worse, and costs no look.
 */
static int
sleep_for(const struct wire *w, int64_t *deadline)
{
	int64_t due = w->since + w->hurry_ms, now;
	int64_t most = LOOK_MS;
	int left;

	if (w->hurried == NULL)
		return clock_left(*deadline);
	now = clock_ms();
	if (now < due)
		most = due - now;
	else if (*deadline > due && w->hurried(w->hurrier))
		*deadline = due;
	left = clock_left(*deadline);
	return left < 0 || left > most ? (int)most : left;
}

/*
 * Until wire_begin, what has one deadline is one wait, in however many pieces
 * it comes: else a byte now and then would be as good as a whole command.
 */
static void
begin_wait(struct wire *w, int64_t deadline)
{
	if (w->hurried == NULL || deadline == w->awaited)
		return;
	w->awaited = deadline;
	w->since = clock_ms();
}

void
wire_begin(struct wire *w)
{
	w->awaited = NO_WAIT;
}

void
wire_forget(struct wire *w)
{
	explicit_bzero(w->buffer, w->at);
	explicit_bzero(w->buffer + w->len, sizeof w->buffer - w->len);
}

/*
 * Waits for the client, and for smtpd: its wish to stop can be read, where
 * that is allowed; that it is gone, and with it the way to submit, is a
 * hang-up, which poll tells unasked.
 */
static enum wire_end
wait_for(struct wire *w, int fd, short events, bool stoppable,
    int64_t deadline)
{
	struct pollfd p[2] = { { fd, events, 0 },
	    { w->life, stoppable ? POLLIN : 0, 0 } };
	int n;

	begin_wait(w, deadline);
	do {
		n = poll(p, 2, sleep_for(w, &deadline));
	} while ((n < 0 && errno == EINTR) ||
	    (n == 0 && clock_left(deadline) != 0));
	if (n < 0)
		return WIRE_CLOSED;
	if (n == 0)
		return WIRE_TIMEOUT;
	return p[0].revents != 0 ? WIRE_OK : WIRE_STOPPING;
}

enum wire_end
wire_wait(struct wire *w, short events, int64_t deadline)
{
	return wait_for(w, w->in, events, false, deadline);
}

/* Replies may need several records, and these the other direction. */
static int
write_covered(struct wire *w, const char *p, size_t len, int64_t deadline)
{
	enum wire_end end;
	short events = 0;
	ssize_t n;

	while (len > 0) {
		n = w->cover->write(w->over, p, len, &events);
		if (n > 0) {
			p += n;
			len -= (size_t)n;
			continue;
		}
		if (n == 0 || errno != EAGAIN)
			return -1;
		end = wire_wait(w, events, deadline);
		if (end != WIRE_OK) {
			errno = end == WIRE_TIMEOUT ? ETIMEDOUT : EPIPE;
			return -1;
		}
	}
	return 0;
}

/*
 * What the client has room for goes at once.  What is no socket has no client
 * that could be waited for with the rest of us.
 */
static int
write_plain(struct wire *w, const char *p, size_t len, int64_t deadline)
{
	enum wire_end end;
	ssize_t n;

	while (len > 0) {
		n = send(w->out, p, len, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n > 0) {
			p += n;
			len -= (size_t)n;
			continue;
		}
		if (n < 0 && errno == ENOTSOCK)
			return fd_write(w->out, p, len, deadline);
		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK))
			return -1;
		end = wait_for(w, w->out, POLLOUT, false, deadline);
		if (end != WIRE_OK) {
			errno = end == WIRE_TIMEOUT ? ETIMEDOUT : EPIPE;
			return -1;
		}
	}
	return 0;
}

enum wire_end
wire_flush(struct wire *w)
{
	int64_t deadline;
	size_t n = w->used;
	int bad;

	w->used = 0;
	if (w->stuck)
		return WIRE_TIMEOUT;
	if (n == 0)
		return WIRE_OK;
	deadline = clock_ms() + w->reply_ms;
	wire_begin(w);
	bad = w->cover != NULL ? write_covered(w, w->replies, n, deadline) :
	    write_plain(w, w->replies, n, deadline);
	wire_begin(w);
	if (bad == 0)
		return WIRE_OK;
	w->stuck = errno == ETIMEDOUT;
	return w->stuck ? WIRE_TIMEOUT : WIRE_CLOSED;
}

/* What is there already comes first: poll does not know of it. */
static enum wire_end
read_covered(struct wire *w, bool stoppable, int64_t deadline, char *p,
    size_t len, size_t *got_r)
{
	enum wire_end end = WIRE_OK;
	short events = 0;
	ssize_t n;

	while (end == WIRE_OK) {
		n = w->cover->read(w->over, p, len, &events);
		if (n > 0) {
			*got_r = (size_t)n;
			return WIRE_OK;
		}
		if (n == 0 || errno != EAGAIN)
			return WIRE_CLOSED;
		end = wait_for(w, w->in, events, stoppable, deadline);
	}
	return end;
}

static enum wire_end
read_plain(struct wire *w, bool stoppable, int64_t deadline, char *p,
    size_t len, size_t *got_r)
{
	enum wire_end end = wait_for(w, w->in, POLLIN, stoppable, deadline);
	ssize_t n;

	if (end != WIRE_OK)
		return end;
	do {
		n = read(w->in, p, len);
	} while (n < 0 && errno == EINTR);
	if (n <= 0)
		return WIRE_CLOSED;
	*got_r = (size_t)n;
	return WIRE_OK;
}

/* A deadline that is over takes what is there, and waits for nothing. */
static enum wire_end
take(struct wire *w, bool stoppable, int64_t deadline, char *p, size_t len,
    size_t *got_r)
{
	return w->cover != NULL ?
	    read_covered(w, stoppable, deadline, p, len, got_r) :
	    read_plain(w, stoppable, deadline, p, len, got_r);
}

/* Sends what waits, and takes what comes. */
static enum wire_end
take_input(struct wire *w, bool stoppable, int64_t deadline, char *p,
    size_t len, size_t *got_r)
{
	enum wire_end end = wire_flush(w);

	if (end != WIRE_OK)
		return end;
	if (deadline != CLOCK_NEVER && clock_left(deadline) == 0)
		return WIRE_TIMEOUT;
	return take(w, stoppable, deadline, p, len, got_r);
}

static void
make_room(struct wire *w)
{
	if (w->at == 0)
		return;
	memmove(w->buffer, w->buffer + w->at, w->len - w->at);
	w->len -= w->at;
	w->at = 0;
}

enum wire_end
wire_fill(struct wire *w, bool stoppable, int64_t deadline)
{
	return wire_fill_most(w, sizeof w->buffer, stoppable, deadline);
}

enum wire_end
wire_fill_most(struct wire *w, size_t most, bool stoppable, int64_t deadline)
{
	enum wire_end end;
	size_t got;

	make_room(w);
	if (most > sizeof w->buffer - w->len)
		most = sizeof w->buffer - w->len;
	end = take_input(w, stoppable, deadline, w->buffer + w->len, most,
	    &got);
	if (end == WIRE_OK)
		w->len += got;
	return end;
}

enum wire_end
wire_fill_now(struct wire *w, int64_t deadline)
{
	enum wire_end end = wire_flush(w);
	size_t got;

	make_room(w);
	if (end == WIRE_OK)
		end = take(w, true, deadline, w->buffer + w->len,
		    sizeof w->buffer - w->len, &got);
	if (end == WIRE_OK)
		w->len += got;
	return end;
}

enum wire_end
wire_read(struct wire *w, char *p, size_t len, int64_t deadline,
    size_t *got_r)
{
	size_t have = w->len - w->at;
	enum wire_end end;

	if (have == 0 && len >= DIRECT_LEAST)
		return take_input(w, false, deadline, p, len, got_r);
	/* What is behind a few bytes comes with them, in one read. */
	if (have == 0) {
		end = wire_fill(w, false, deadline);
		if (end != WIRE_OK)
			return end;
		have = w->len - w->at;
	}
	*got_r = have < len ? have : len;
	memcpy(p, w->buffer + w->at, *got_r);
	w->at += *got_r;
	return WIRE_OK;
}

/* Throws away up to and with the next LF. */
static enum wire_end
skip_line(struct wire *w, int64_t deadline)
{
	enum wire_end end;
	char *lf;

	for (;;) {
		lf = memchr(w->buffer + w->at, '\n', w->len - w->at);
		if (lf != NULL) {
			w->at = (size_t)(lf + 1 - w->buffer);
			return WIRE_TOO_LONG;
		}
		w->at = w->len = 0;
		end = wire_fill(w, false, deadline);
		if (end != WIRE_OK)
			return end;
	}
}

enum wire_end
wire_line(struct wire *w, size_t most, bool stoppable, int64_t deadline,
    char **line_r, size_t *len_r)
{
	enum wire_end end;
	size_t seen = 0;
	char *line, *lf;

	wire_begin(w);
	for (;;) {
		size_t have = w->len - w->at;

		line = w->buffer + w->at;
		lf = memchr(line + seen, '\n', have - seen);
		if (lf != NULL)
			break;
		if (have >= most)
			return skip_line(w, deadline);
		seen = have;
		end = wire_fill(w, stoppable && have == 0, deadline);
		if (end != WIRE_OK)
			return end;
	}
	w->at += (size_t)(lf + 1 - line);
	if ((size_t)(lf + 1 - line) > most)
		return WIRE_TOO_LONG;
	if (lf == line || lf[-1] != '\r' ||
	    memchr(line, '\r', (size_t)(lf - 1 - line)) != NULL)
		return WIRE_BARE;
	lf[-1] = '\0';
	*line_r = line;
	*len_r = (size_t)(lf - 1 - line);
	return WIRE_OK;
}

static void
put(struct wire *w, const char *s)
{
	(void)text_add(w->replies, sizeof w->replies, &w->used, s);
}

enum wire_end
wire_reply_line(struct wire *w, int code, const char *enhanced,
    const char *text, bool more)
{
	bool plain = w->plain || enhanced[0] == '\0';
	size_t n = 4 + (plain ? 0 : strlen(enhanced) + 1) + strlen(text) + 2;
	enum wire_end end = WIRE_OK;
	char number[TEXT_DIGITS];

	if (n > LINE_MOST || code < 100 || code > 999)
		return WIRE_CLOSED;
	if (w->used + n >= sizeof w->replies)
		end = wire_flush(w);
	put(w, text_digits(number, code));
	put(w, more ? "-" : " ");
	if (!plain) {
		put(w, enhanced);
		put(w, " ");
	}
	put(w, text);
	put(w, "\r\n");
	return end;
}

/*
 * The last reply, to leave in one packet with the end of the connection:
 * shutdown(2) sends what MSG_MORE kept.  Where that is no way, flushing is.
 */
static enum wire_end
send_last(struct wire *w)
{
	ssize_t n = w->used == 0 ? 0 : send(w->out, w->replies, w->used,
	    MSG_MORE | MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n > 0) {
		w->used -= (size_t)n;
		memmove(w->replies, w->replies + n, w->used);
	}
	return wire_flush(w);
}

void
wire_hang_up(struct wire *w, bool wished)
{
	int64_t deadline = clock_ms() + DRAIN_MS;
	size_t left = DRAIN_BYTES;
	ssize_t n;

	w->life = -1;
	if (w->stuck)
		return;
	if ((w->cover == NULL ? send_last(w) : wire_flush(w)) != WIRE_OK)
		return;
	if (w->cover != NULL)
		w->cover->end(w->over);
	if (shutdown(w->out, SHUT_WR) != 0 || (wished && !wire_pending(w)))
		return;
	while (left > 0 && wire_wait(w, POLLIN, deadline) == WIRE_OK) {
		n = read(w->in, w->buffer, sizeof w->buffer < left ?
		    sizeof w->buffer : left);
		if (n <= 0)
			return;
		left -= (size_t)n;
	}
}

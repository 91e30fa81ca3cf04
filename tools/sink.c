/*
 * sink - a file (RFC 3339 times, reopened when it was renamed away), the
 * local syslogd (RFC 3164, facility mail) or standard error.
 *
 * Where the chosen one cannot be had, lines go to standard error, and that is
 * said once.
 */
#include "config.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/net.h"
#include "lib/xalloc.h"
#include "tools/datagram.h"
#include "tools/sink.h"

#define FACILITY_MAIL (2 << 3)
#define RETRY 1000		/* ms between tries to open, and looks at it */
#define NOTES 2			/* places for our own within a flush */
#define PREFIX 48		/* a time stamp in any form */

enum sink_kind { TO_STDERR, TO_FILE, TO_SYSLOG };

struct line {
	enum log_level level;
	size_t at, len;
};

struct sink {
	enum sink_kind kind;
	const char *path;	/* the file, or syslogd's socket */
	int control;
	int fd;			/* -1: not to be had, standard error instead */
	bool no_stderr;		/* it is a client's connection */
	bool said;		/* that it is not to be had */
	bool torn;		/* the last write stopped within a line */
	unsigned long lost;
	int64_t tried;
	dev_t device;
	ino_t inode;
	time_t second;		/* what the time below was made for */
	char date[24], zone[8], stamp[PREFIX];
	struct buf text, out;
	int n;
	struct line lines[SINK_LINES + NOTES];
};

static void
open_file(struct sink *s)
{
	struct stat st;

	s->fd = open(s->path, O_WRONLY | O_APPEND | O_CREAT | O_NOCTTY |
	    O_NONBLOCK | O_CLOEXEC, 0640);
	if (s->fd != -1 && fstat(s->fd, &st) == 0) {
		s->device = st.st_dev;
		s->inode = st.st_ino;
	}
}

static void
add(struct sink *s, enum log_level level, const char *line, size_t len)
{
	if (s->n == SINK_LINES + NOTES)
		return;
	s->lines[s->n].level = level;
	s->lines[s->n].at = s->text.len;
	s->lines[s->n].len = len;
	if (buf_add(&s->text, line, len) == 0)
		s->n++;
}

/* A note of our own, as log_note writes it. */
static void note(struct sink *s, enum log_level level, const char *fmt, ...)
    MM_PRINTF(3, 4);

static void
note(struct sink *s, enum log_level level, const char *fmt, ...)
{
	char text[512], line[640];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	snprintf(line, sizeof(line), "logger[%ld]: note text=\"%s\"",
	    (long)getpid(), text);
	add(s, level, line, strlen(line));
}

/* Says once that the sink cannot be had, with errno. */
static void
say_absent(struct sink *s)
{
	if (!s->said)
		note(s, LEVEL_ERROR, "cannot open %s: %s; events go to "
		    "standard error", s->path, strerror(errno));
	s->said = true;
}

/* Opens or connects, and tells a change for the better or worse. */
static void
open_again(struct sink *s)
{
	if (s->kind == TO_STDERR)
		return;
	s->tried = clock_ms();
	if (s->kind == TO_FILE)
		open_file(s);
	else
		s->fd = net_unix_connect(s->path, SOCK_DGRAM);
	if (s->fd == -1) {
		say_absent(s);
	} else if (s->said) {
		s->said = false;
		note(s, LEVEL_NOTICE, "%s can be written again", s->path);
	}
}

static void
close_it(struct sink *s)
{
	if (s->fd != -1)
		close(s->fd);
	s->fd = -1;
}

/* Was the file renamed or removed (logrotate)? */
static bool
moved(const struct sink *s)
{
	struct stat st;

	return stat(s->path, &st) == -1 || st.st_dev != s->device ||
	    st.st_ino != s->inode;
}

static bool
is_connection(int fd)
{
	struct sockaddr_storage ss = { 0 };
	socklen_t len = sizeof(ss);

	return getsockname(fd, (struct sockaddr *)&ss, &len) == 0 &&
	    (ss.ss_family == AF_INET || ss.ss_family == AF_INET6);
}

struct sink *
sink_open(const char *where, const char *device, int control)
{
	struct sink *s = xcalloc(1, sizeof(*s));

	s->fd = -1;
	s->control = control;
	s->path = device;
	s->kind = TO_SYSLOG;
	if (strcmp(where, "stderr") == 0) {
		s->kind = TO_STDERR;
	} else if (where[0] == '/') {
		s->kind = TO_FILE;
		s->path = where;
	}
	/* Under inetd it may be the client: he shall not read our log. */
	s->no_stderr = is_connection(STDERR_FILENO);
	s->second = -1;
	buf_init(&s->text, (size_t)(SINK_LINES + NOTES) * DATAGRAM_LINE);
	buf_init(&s->out, (size_t)(SINK_LINES + NOTES + 1) *
	    (DATAGRAM_LINE + PREFIX));
	open_again(s);
	return s;
}

void
sink_add(struct sink *s, enum log_level level, const char *line, size_t len)
{
	if (s->n >= SINK_LINES)
		sink_flush(s);
	add(s, level, line, len);
}

/* The time in both forms; localtime_r once a second. */
static void
make_stamp(struct sink *s)
{
	struct timespec now;
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &now);
	if (now.tv_sec != s->second) {
		char z[8];

		s->second = now.tv_sec;
		localtime_r(&now.tv_sec, &tm);
		if (s->kind == TO_SYSLOG) {
			strftime(s->stamp, sizeof(s->stamp), "%b %e %T ", &tm);
			return;
		}
		strftime(s->date, sizeof(s->date), "%Y-%m-%dT%T", &tm);
		strftime(z, sizeof(z), "%z", &tm);	/* +hhmm */
		snprintf(s->zone, sizeof(s->zone), "%.3s:%.2s", z, z + 3);
	}
	if (s->kind == TO_FILE)
		snprintf(s->stamp, sizeof(s->stamp), "%s.%03u%s ", s->date,
		    (unsigned)(now.tv_nsec / 1000000) % 1000, s->zone);
}

/*
 * Until fd can be written; false once smtpd is gone and a second has not
 * helped.
 */
static bool
wait_writable(const struct sink *s, int fd)
{
	struct pollfd p[2] = {
		{ .fd = fd, .events = POLLOUT },
		{ .fd = s->control, .events = POLLIN }
	};

	for (;;) {
		if (poll(p, 2, -1) == -1) {
			if (errno != EINTR)
				return false;
			continue;
		}
		if (p[0].revents != 0)
			return true;
		if (p[1].revents != 0)
			return poll(p, 1, 1000) == 1;
	}
}

/* Writes all of p; 0, or -1 with errno and *done_r told. */
static int
write_all(const struct sink *s, int fd, const char *p, size_t len,
    size_t *done_r)
{
	ssize_t n;

	for (*done_r = 0; *done_r < len; *done_r += (size_t)n) {
		size_t most = len - *done_r;

		if (!wait_writable(s, fd)) {
			errno = ETIMEDOUT;
			return -1;
		}
		/* A pipe that can be written takes so much without waiting. */
		if (fd != s->fd && most > PIPE_BUF)
			most = PIPE_BUF;
		n = write(fd, p + *done_r, most);
		if (n == -1 && errno != EINTR && errno != EAGAIN)
			return -1;
		if (n == -1)
			n = 0;
	}
	return 0;
}

/* All lines as one text, to fd. */
static void
write_lines(struct sink *s, int fd, const char *stamp)
{
	size_t done = 0, i, lines = (size_t)s->n;
	int bad = 0;

	buf_reset(&s->out);
	if (s->torn)
		bad |= buf_addc(&s->out, '\n');
	if (s->lost > 0)
		bad |= buf_addf(&s->out, "%slogger[%ld]: lost lines=%lu\n",
		    stamp, (long)getpid(), s->lost);
	for (i = 0; i < lines; i++) {
		bad |= buf_adds(&s->out, stamp);
		bad |= buf_add(&s->out, s->text.p + s->lines[i].at,
		    s->lines[i].len);
		bad |= buf_addc(&s->out, '\n');
	}
	if (bad == 0 && write_all(s, fd, s->out.p, s->out.len, &done) == 0) {
		s->torn = false;
		s->lost = 0;
		s->said = s->said && fd != s->fd;
		return;
	}
	/* At most this many: some of them may have been written. */
	s->lost += lines;
	if (done > 0)
		s->torn = s->out.p[done - 1] != '\n';
	if (fd == s->fd && !s->said && !s->no_stderr) {
		s->said = true;
		fprintf(stderr, "logger[%ld]: cannot write %s: %s\n",
		    (long)getpid(), s->path, strerror(errno));
	}
}

/* One datagram; -1 if syslogd is gone. */
static int
send_line(const struct sink *s, const struct line *l)
{
	static const int severity[] = { 3, 4, 5, 6, 7 };
	char prefix[PREFIX];
	struct iovec iov[2] = {
		{ .iov_base = prefix },
		{ .iov_base = s->text.p + l->at, .iov_len = l->len }
	};
	struct msghdr m = { .msg_iov = iov, .msg_iovlen = 2 };

	iov[0].iov_len = (size_t)snprintf(prefix, sizeof(prefix), "<%d>%s",
	    FACILITY_MAIL | severity[l->level], s->stamp);
	for (;;) {
		if (sendmsg(s->fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT) != -1)
			return 0;
		if (errno == EAGAIN || errno == ENOBUFS) {
			if (!wait_writable(s, s->fd))
				return -1;
		} else if (errno == EMSGSIZE && iov[1].iov_len > 1024)
			iov[1].iov_len = 1024;
		else if (errno != EINTR)
			return -1;
	}
}

/* Lines from the first; after a restart of syslogd the rest again. */
static void
send_lines(struct sink *s)
{
	bool again = false;
	int i;

	for (i = 0; i < s->n;) {
		if (send_line(s, &s->lines[i]) == 0) {
			again = false;
			i++;
			continue;
		}
		close_it(s);
		if (!again)
			s->fd = net_unix_connect(s->path, SOCK_DGRAM);
		again = true;
		if (s->fd == -1)
			break;
	}
	if (s->fd != -1)
		return;
	s->n -= i;
	memmove(s->lines, s->lines + i, (size_t)s->n * sizeof(s->lines[0]));
	say_absent(s);
}

void
sink_flush(struct sink *s)
{
	if (s->n == 0)
		return;
	if (s->kind != TO_STDERR && clock_ms() - s->tried >= RETRY) {
		s->tried = clock_ms();
		if (s->kind == TO_FILE && s->fd != -1 && moved(s))
			close_it(s);
		if (s->fd == -1)
			open_again(s);
	}
	make_stamp(s);
	if (s->fd != -1 && s->kind == TO_SYSLOG)
		send_lines(s);
	else if (s->fd != -1)
		write_lines(s, s->fd, s->stamp);
	if (s->fd == -1 && s->n > 0 && !s->no_stderr)
		write_lines(s, STDERR_FILENO, "");
	s->n = 0;
	buf_reset(&s->text);
}

void
sink_reopen(struct sink *s)
{
	close_it(s);
	s->tried = clock_ms() - RETRY;
}

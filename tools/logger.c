/*
 * logger - takes one-line events from all programs and writes them where the
 * log setting says.
 *
 * Runs as the logger user, behind a filter.  Believes of a line only what the
 * kernel says of its sender: pid and uid.  Descriptors: 3 the configuration
 * record, 4 smtpd, 5 a datagram socket, 6 (optional) another one.  With -c it
 * serves one session: no 4, and 5 is one end of a SOCK_SEQPACKET pair.
 */
#include "config.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>
#include "lib/clock.h"
#include "lib/conf.h"
#include "lib/fdio.h"
#include "lib/plan.h"
#include "lib/priv.h"
#include "tools/datagram.h"
#include "tools/sink.h"

#define SOCKETS 2
#define BATCH 64		/* datagrams in one call */
#define PAUSE 3			/* ms from wake-up to wake-up under load */
#define LINGER 200		/* ms of silence before the end */
#define LINGER_MOST 5000
#define QUEUE_ENOUGH 128	/* datagrams that may gather in a pause */
#define RECEIVE_BUFFER (1 << 20)

enum { RECORD = 3, CONTROL = 4, LOG = 5, LOG_MORE = 6 };

struct logger {
	bool single;		/* -c */
	bool debug;		/* -d: standard error, whatever is set */
	bool ended;		/* -c: the last sender has closed */
	bool restricted;	/* the session user is nobody else of ours */
	uid_t session;
	int socks[SOCKETS], nsocks;
	bool patient[SOCKETS];	/* the kernel keeps enough while we pause */
	struct sink *sink;
};

/* What recvmmsg fills. */
struct batch {
	struct mmsghdr m[BATCH];
	struct iovec iov[BATCH];
	char text[BATCH][LOG_LINE];
	union {
		struct cmsghdr align;
		char p[CMSG_SPACE(sizeof(struct ucred))];
	} control[BATCH];
};

static volatile sig_atomic_t reopen;

static void
on_hangup(int sig)
{
	(void)sig;
	reopen = 1;
}

static void
prepare_batch(struct batch *b)
{
	int i;

	for (i = 0; i < BATCH; i++) {
		b->iov[i].iov_base = b->text[i];
		b->iov[i].iov_len = sizeof(b->text[i]);
		b->m[i].msg_hdr.msg_iov = &b->iov[i];
		b->m[i].msg_hdr.msg_iovlen = 1;
		b->m[i].msg_hdr.msg_control = b->control[i].p;
		b->m[i].msg_hdr.msg_controllen = sizeof(b->control[i].p);
	}
}

static struct ucred
sender(struct msghdr *m)
{
	struct ucred u = { .pid = 0, .uid = (uid_t)-1 };
	struct cmsghdr *c = CMSG_FIRSTHDR(m);

	if (c != NULL && c->cmsg_level == SOL_SOCKET &&
	    c->cmsg_type == SCM_CREDENTIALS &&
	    c->cmsg_len == CMSG_LEN(sizeof(u)))
		memcpy(&u, CMSG_DATA(c), sizeof(u));
	return u;
}

/* Takes what waits at sock, up to BATCH; how many, 0 for none. */
static int
take(struct logger *l, int sock)
{
	static struct batch b;
	char line[DATAGRAM_LINE];
	enum log_level level;
	int i, n;

	prepare_batch(&b);
	n = recvmmsg(sock, b.m, BATCH, MSG_DONTWAIT | MSG_CMSG_CLOEXEC, NULL);
	for (i = 0; i < n; i++) {
		struct ucred u = sender(&b.m[i].msg_hdr);
		size_t len = b.m[i].msg_len;

		if (len == 0) {	/* the end, in a pair; else nothing */
			l->ended = l->single;
			break;
		}
		len = datagram_line(b.text[i], len, u.pid,
		    l->restricted && u.uid == l->session, line, &level);
		sink_add(l->sink, level, line, len);
	}
	if (n == -1 && errno != EAGAIN && errno != EINTR)
		l->ended = l->single;
	return n > 0 ? n : 0;
}

/* All that waits, and then one write of it. */
static void
take_all(struct logger *l)
{
	int i, n;

	for (i = 0; i < l->nsocks; i++) {
		do
			n = take(l, l->socks[i]);
		while (n == BATCH && !l->ended);
	}
	sink_flush(l->sink);
}

/* Waits for a datagram; false after ms, or when smtpd is gone. */
static bool
wait_for(const struct logger *l, bool control, int ms)
{
	struct pollfd p[1 + SOCKETS] = {
		{ .fd = control ? CONTROL : -1, .events = POLLIN }
	};
	int i;

	for (i = 0; i < l->nsocks; i++) {
		p[1 + i].fd = l->socks[i];
		p[1 + i].events = POLLIN;
	}
	if (poll(p, 1 + (nfds_t)l->nsocks, ms) == -1)
		return true;	/* a signal */
	if (p[0].revents != 0)
		return false;
	return p[1].revents != 0 || (l->nsocks == 2 && p[2].revents != 0);
}

/*
 * Lines keep coming: let some gather, so that one wake-up takes them all; but
 * none where the kernel keeps only a few.
 */
static void
pause_for(const struct logger *l, int64_t ms)
{
	struct pollfd p[SOCKETS];
	int i;

	for (i = 0; i < l->nsocks; i++) {
		p[i].fd = l->patient[i] ? -1 : l->socks[i];
		p[i].events = POLLIN;
	}
	(void)poll(p, (nfds_t)l->nsocks, (int)ms);
}

static void
run(struct logger *l)
{
	int64_t last = 0, now, end;

	while (!l->ended && wait_for(l, !l->single, -1)) {
		now = clock_ms();
		if (now - last < PAUSE)
			pause_for(l, PAUSE - (now - last));
		if (reopen) {
			reopen = 0;
			sink_reopen(l->sink);
		}
		take_all(l);
		last = clock_ms();
	}
	/* The others see smtpd's end too, and may say so. */
	end = clock_ms() + LINGER_MOST;
	while (!l->ended && clock_ms() < end && wait_for(l, false, LINGER))
		take_all(l);
}

/* May only smtpsrvr have that uid? */
static void
find_session_user(struct logger *l, const struct plan *plan)
{
	int i;

	l->session = plan->users[PLAN_SESSION].uid;
	l->restricted = l->session != (uid_t)-1;
	for (i = 0; i < PLAN_USERS; i++)
		if (i != PLAN_SESSION && plan->users[i].uid == l->session)
			l->restricted = false;
}

/*
 * At a bound socket the kernel keeps net.unix.max_dgram_qlen datagrams (10
 * where nobody raised it) and refuses more: then no line may be left waiting.
 * A pair's end has the sender's buffer as its only limit.
 */
static bool
keeps_enough(int sock)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	char text[16] = "";
	int fd;

	if (getpeername(sock, (struct sockaddr *)&ss, &len) == 0)
		return true;
	fd = open("/proc/sys/net/unix/max_dgram_qlen", O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return false;
	if (read(fd, text, sizeof(text) - 1) < 1)
		text[0] = '\0';
	close(fd);
	return strtol(text, NULL, 10) >= QUEUE_ENOUGH;
}

static void
add_socket(struct logger *l, int sock)
{
	int on = 1, size = RECEIVE_BUFFER, type = 0;
	socklen_t len = sizeof(type);

	if (setsockopt(sock, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) == -1 ||
	    getsockopt(sock, SOL_SOCKET, SO_TYPE, &type, &len) == -1)
		fatal(EX_OSERR, "descriptor %d: %s", sock, strerror(errno));
	if (l->single && type != SOCK_SEQPACKET)
		fatal(EX_OSERR, "descriptor %d: with -c it must be a "
		    "SOCK_SEQPACKET socket", sock);
	/* Less is no reason to stop. */
	(void)setsockopt(sock, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	l->patient[l->nsocks] = keeps_enough(sock);
	l->socks[l->nsocks++] = sock;
}

static void
on_signals(bool single)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct sigaction hangup = { .sa_handler = on_hangup };

	sigaction(SIGPIPE, &ignore, NULL);
	/* We end after those who have something to say, not with them. */
	sigaction(SIGINT, &ignore, NULL);
	sigaction(SIGTERM, &ignore, NULL);
	sigaction(SIGHUP, single ? &ignore : &hangup, NULL);
}

/* What the command line asks for. */
static void
take_options(struct logger *l, int argc, char *argv[])
{
	int c;

	while ((c = getopt(argc, argv, "cd")) != -1) {
		if (c == 'c')
			l->single = true;
		else if (c == 'd')
			l->debug = true;
		else
			fatal(EX_USAGE, "usage: logger [-cd]");
	}
	if (optind != argc)
		fatal(EX_USAGE, "usage: logger [-cd]");
}

static void
confine(void)
{
	if (priv_limit(RLIMIT_CORE, 0) == -1 || priv_no_new() == -1)
		fatal(EX_OSERR, "cannot give up privileges");
	if (priv_filter(&filter_logger) == -1)
		fatal(EX_OSERR, "cannot enter the filter");
}

int
main(int argc, char *argv[])
{
	struct logger l = { .single = false };
	struct plan plan;
	struct conf *conf = NULL;

	log_open("logger", -1, LEVEL_INFO);
	take_options(&l, argc, argv);
	if (plan_read(RECORD, &plan) == 0)
		conf = conf_from_fd(RECORD, (int64_t)plan.conf_at);
	if (conf == NULL)
		fatal(EX_CONFIG, "no configuration record at descriptor 3");
	find_session_user(&l, &plan);
	on_signals(l.single);
	tzset();	/* localtime_r opens nothing afterwards */
	add_socket(&l, LOG);
	if (!l.single && fd_is_socket(LOG_MORE, NULL, NULL))
		add_socket(&l, LOG_MORE);
	l.sink = sink_open(l.debug ? "stderr" : conf->server.v.log,
	    SINK_SYSLOG, l.single ? -1 : CONTROL);
	confine();
	if (!l.single && send(CONTROL, "R", 1, MSG_NOSIGNAL) != 1)
		_exit(EX_OK);	/* it is gone already */
	run(&l);
	_exit(EX_OK);	/* nothing is left to be written or given back */
}

/*
 * authsrvr - says who has logged in: it has the exchanges of AUTH, and the key
 * of the receipts in which submit believes.
 *
 *	authsrvr	resident, started by smtpd
 *	authsrvr -c	the child of one session, which is on descriptor 0
 *
 * Runs as the auth user.  It believes no session, and asks the back ends by
 * way of workers (worker.h), which run apart.  Descriptors: 3 the configuration
 * record, 4 smtpd, 5 the log, 6 the listening socket, 7 the session table, 8
 * the key of receipts, 9 (resident) the counts of failures.
 */
#include "config.h"

#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "authsrvr/clients.h"
#include "lib/clock.h"
#include "lib/fdio.h"
#include "lib/log.h"
#include "lib/mechanism.h"
#include "lib/plan.h"
#include "lib/priv.h"
#include "lib/xalloc.h"

enum { CALLER = 0, RECORD = 3, CONTROL = 4, LOG = 5, LISTEN = 6, ROWS = 7,
	RECEIPTS = 8, FAILURES = 9 };
/* In the upper half of an event's data, lowest byte. */
enum { OF_CONTROL, OF_WORKERS, OF_LISTEN, OF_CLIENT };

#define SPARE 128		/* descriptors besides those of callers */
#define LEAVE_MS 30000		/* for logins under way, at our end */

struct authsrvr {
	bool child;
	int epoll;
	uint8_t key[RECEIPT_KEY];
	struct clients *clients;
	struct workers *workers;
	int64_t until;		/* 0, or smtpd is gone: we end then */
};

/* As many callers as sessions, if there can be so many descriptors. */
static int
most_callers(const struct conf *c, uint32_t nrows)
{
	int64_t most = (int64_t)nrows + 64;
	struct rlimit r;

	if (most < c->server.v.max_connections)
		most = c->server.v.max_connections;
	if (getrlimit(RLIMIT_NOFILE, &r) == -1)
		fatal(EX_OSERR, "getrlimit: %s", strerror(errno));
	if ((int64_t)r.rlim_max < most + SPARE)
		most = (int64_t)r.rlim_max - SPARE;
	if (most < 1)
		fatal(EX_OSERR, "too few descriptors");
	r.rlim_cur = r.rlim_max = (rlim_t)(most + SPARE);
	if (setrlimit(RLIMIT_NOFILE, &r) == -1)
		fatal(EX_OSERR, "setrlimit: %s", strerror(errno));
	return (int)most;
}

/* The longest that any section allows; sessions keep their own. */
static int64_t
longest(const struct conf *c)
{
	const struct section *s;
	int64_t most = 0;

	for (int i = 0; (s = conf_section_at(c, i)) != NULL; i++)
		if (s->v.auth_time > most)
			most = s->v.auth_time;
	return most;
}

/* May any session let its client use it?  A host's own row may say so. */
static bool
wanted(const struct conf *c, enum mechanism m)
{
	const struct section *s;

	for (int i = 0; (s = conf_section_at(c, i)) != NULL; i++) {
		const struct strings *l = &s->v.auth_mechanisms;

		if (s->v.host_settings[0] != '\0')
			return true;
		for (size_t n = 0; n < l->n; n++)
			if (mechanism_find(l->at[n]) == (int)m)
				return true;
	}
	return false;
}

/* Which logins go by certificates.  Passwords are checked without, too. */
static struct tb *
certificates(const struct conf *c, bool *unread_r)
{
	const char *name = c->server.v.auth_certificates;
	int i = name[0] != '\0' ? conf_table(c, name) : -1;
	struct tb *t;
	struct buf why;

	if (i < 0)
		return NULL;
	buf_init(&why, 1000);
	t = tb_open(c, &c->tables[i], &why);
	*unread_r = t == NULL;
	if (t == NULL)
		log_note(LEVEL_ERROR, "auth-certificates: %s", buf_str(&why));
	buf_free(&why);
	return t;
}

static void
prepare(struct authsrvr *a, const struct conf *c)
{
	struct clients_plan p = { .sock = a->child ? -1 : LISTEN,
		.data = OF_LISTEN, .key = a->key, .time = longest(c),
		.guard = guard_new(c, a->child ? -1 : FAILURES),
		.exchanges = exchanges_new(c),
		.external = wanted(c, MECHANISM_EXTERNAL) };
	struct epoll_event e = { .events = EPOLLIN };

	p.certificates = certificates(c, &p.unread);
	p.rows = rows_map(ROWS, &p.nrows);
	if (p.rows == NULL)
		fatal(EX_OSERR, "descriptor 7 has no session table");
	if (receipt_key_read(RECEIPTS, a->key) != 0)
		fatal(EX_OSERR, "descriptor 8 has no key of receipts");
	if (!a->child)
		close(FAILURES);	/* mapped */
	p.most = a->child ? 1 : most_callers(c, p.nrows);
	p.epoll = a->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (a->epoll == -1 || (!a->child && fcntl(LISTEN, F_SETFL,
	    O_NONBLOCK) == -1))
		fatal(EX_OSERR, "cannot set up descriptors: %s",
		    strerror(errno));
	e.data.u64 = (uint64_t)OF_CONTROL << 32;
	if (!a->child && epoll_ctl(a->epoll, EPOLL_CTL_ADD, CONTROL,
	    &e) == -1)
		fatal(EX_OSERR, "epoll_ctl: %s", strerror(errno));
	a->clients = clients_new(&p);
	a->workers = workers_new(c, a->epoll, OF_WORKERS, clients_answered,
	    a->clients);
	if (a->workers == NULL)
		fatal(EX_OSERR, "no workers");
	clients_pool(a->clients, a->workers);
	if (a->child)
		clients_add(a->clients, CALLER);
}

/* Never swapped where that is allowed, never dumped. */
static void
confine(void)
{
	(void)!mlockall(MCL_CURRENT);
	if (priv_limit(RLIMIT_CORE, 0) == -1 || priv_no_new() == -1)
		fatal(EX_OSERR, "cannot give up privileges");
	if (priv_filter(&filter_authsrvr) == -1)
		fatal(EX_OSERR, "cannot enter the filter");
}

/* Nothing is expected from smtpd but its end, or that another takes over. */
static void
control(struct authsrvr *a)
{
	char byte;
	ssize_t n = recv(CONTROL, &byte, 1, MSG_DONTWAIT);

	if (n > 0 || (n == -1 && (errno == EAGAIN || errno == EINTR)))
		return;
	a->until = clock_ms() + LEAVE_MS;
	clients_leave(a->clients);
	(void)epoll_ctl(a->epoll, EPOLL_CTL_DEL, CONTROL, NULL);
}

static bool
over(const struct authsrvr *a)
{
	if (a->child || a->until != 0)
		return clients_gone(a->clients) ||
		    (a->until != 0 && clock_left(a->until) == 0);
	return false;
}

static int
sleep_most(const struct authsrvr *a)
{
	int most = a->until != 0 ? clock_left(a->until) : -1;

	return workers_wait(a->workers, clients_wait(a->clients, most));
}

static void
dispatch(struct authsrvr *a, uint64_t data, uint32_t events)
{
	switch (data >> 32 & 0xff) {
	case OF_CONTROL:
		control(a);
		break;
	case OF_WORKERS:
		workers_event(a->workers, data, events);
		break;
	case OF_LISTEN:
		clients_accept(a->clients);
		break;
	case OF_CLIENT:
		clients_event(a->clients, data, events);
		break;
	}
}

static void
run(struct authsrvr *a)
{
	struct epoll_event events[64];
	int64_t now;
	int n;

	while (!over(a)) {
		n = epoll_wait(a->epoll, events, ARRAY_LEN(events),
		    sleep_most(a));
		if (n == -1 && errno != EINTR)
			fatal(EX_OSERR, "epoll_wait: %s", strerror(errno));
		for (int i = 0; i < n; i++)
			dispatch(a, events[i].data.u64, events[i].events);
		now = clock_ms();
		workers_tick(a->workers, now);
		clients_tick(a->clients, now);
	}
	workers_free(a->workers);
}

int
main(int argc, char *argv[])
{
	static const int ignored[] = { SIGHUP, SIGINT, SIGPIPE };
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct authsrvr a = { .child = argc == 2 &&
		strcmp(argv[1], "-c") == 0 };
	struct plan *plan = xcalloc(1, sizeof(*plan));
	struct conf *conf = NULL;

	if (!a.child && argc != 1)
		fatal(EX_USAGE, "usage: authsrvr [-c]; smtpd starts it");
	log_open("authsrvr", fd_is_socket(LOG, NULL, NULL) ? LOG : -1,
	    LEVEL_INFO);
	fd_close_from(a.child ? FAILURES : FAILURES + 1);
	if (plan_read(RECORD, plan) == 0)
		conf = conf_from_fd(RECORD, (int64_t)plan->conf_at);
	if (conf == NULL)
		fatal(EX_CONFIG, "no configuration record at descriptor 3");
	log_level_set((enum log_level)conf->server.v.log_level);
	/* From a terminal or a logout: smtpd decides when we end. */
	for (size_t i = 0; i < ARRAY_LEN(ignored); i++)
		sigaction(ignored[i], &ignore, NULL);
	prepare(&a, conf);
	confine();
	if (!a.child && send(CONTROL, "R", 1, MSG_NOSIGNAL) != 1)
		_exit(EX_OK);	/* it is gone already */
	run(&a);
	return EX_OK;
}

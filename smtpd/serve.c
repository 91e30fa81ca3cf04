/*
 * serve - the loop: accept, admit, pass on, supervise.
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/fdio.h"
#include "lib/log.h"
#include "lib/receipt.h"
#include "lib/shown.h"
#include "lib/xalloc.h"
#include "smtpd/admission.h"
#include "smtpd/daemon.h"
#include "smtpd/serve.h"

#define ROOM_MOST 16000
#define SPARE_FDS 600		/* listeners, helpers, farewells */
#define END_MOST 35000		/* ms that helpers may take to finish */
#define LIVES_MS 2

static uint64_t
mark(enum watch kind, uint32_t index)
{
	return (uint64_t)kind << 32 | index;
}

int
daemon_watch(struct daemon *d, int fd, enum watch kind, uint32_t index,
    uint32_t events)
{
	struct epoll_event e = { .events = events,
	    .data.u64 = mark(kind, index) };

	return epoll_ctl(kind == WATCH_LIFE ? d->lives : d->ep, EPOLL_CTL_ADD,
	    fd, &e);
}

void
daemon_watch_change(struct daemon *d, int fd, uint32_t index)
{
	struct epoll_event e = { .events = EPOLLIN,
	    .data.u64 = mark(WATCH_CHILD, index) };

	if (epoll_ctl(d->ep, EPOLL_CTL_MOD, fd, &e) != 0)
		fatal(EX_OSERR, "epoll: %s", strerror(errno));
}

/* As many slots as there are descriptors for: two while one begins. */
static uint32_t
room(void)
{
	struct rlimit r;
	uint32_t n = ROOM_MOST;

	if (getrlimit(RLIMIT_NOFILE, &r) != 0)
		return 64;
	r.rlim_cur = r.rlim_max;
	(void)!setrlimit(RLIMIT_NOFILE, &r);
	if (r.rlim_cur < SPARE_FDS + 2 * ROOM_MOST)
		n = r.rlim_cur < SPARE_FDS + 64 ? 32 :
		    (uint32_t)(r.rlim_cur - SPARE_FDS) * 9 / 10;
	return n > ROOM_MOST ? ROOM_MOST : n;
}

static int
signals_open(void)
{
	sigset_t set;

	if (sigaction(SIGPIPE, &(struct sigaction){ .sa_handler = SIG_IGN },
	    NULL) != 0)
		return -1;
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
		return -1;
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

void
daemon_start(struct daemon *d, enum child_name name)
{
	struct kit k = daemon_kit(d, false);
	struct child *c = &d->child[name];

	if (name == CHILD_AUTH && !d->plan.auth) {
		child_release(c);
		*c = (struct child){ .control = -1, .ready = true };
		return;
	}
	if (child_start(c, name, &k) == 0 && daemon_watch(d, c->control,
	    WATCH_CHILD, name, EPOLLIN) == 0)
		return;
	if (!d->started)
		fatal(EX_OSERR, "cannot start %s: %s", child_text(name),
		    strerror(errno));
	log_note(LEVEL_ERROR, "cannot start %s: %s", child_text(name),
	    strerror(errno));
	c->again = clock_ms() + 1000;
}

static void
write_pid(const struct daemon *d)
{
	if (ftruncate(d->inner.pid, 0) != 0 ||
	    dprintf(d->inner.pid, "%ld\n", (long)getpid()) < 0)
		log_note(LEVEL_WARNING, "smtpd.pid: %s", strerror(errno));
}

/* Ours is written here alone; the others are their programs' to write. */
static void
open_counts(struct daemon *d)
{
	uint32_t rows = (uint32_t)d->plan.counter_rows;
	int own;

	if (counts_make("inlet-smtpd-counts", rows, &own, &d->own_read) != 0 ||
	    (d->counts = counts_open(own, true)) == NULL ||
	    counts_make("inlet-submit-counts", rows, &d->counts_write,
	    &d->counts_read) != 0 ||
	    counts_make("inlet-auth-counts", rows, &d->logins_write,
	    &d->logins_read) != 0 || (d->receipts = receipt_key_make()) < 0)
		fatal(EX_OSERR, "memory files: %s", strerror(errno));
	close(own);
}

static void
open_all(struct daemon *d, int first, int n)
{
	struct listeners given = { .adopted = n == 1 ? first : -1 };
	const char *path = NULL;
	char text[PLAN_PLACE];
	int bad = 0;

	if (n == 1)
		listener_adopt(&d->plan, first);
	else
		listener_given(&given, first, n);
	if (listener_inner(&d->inner, &d->plan, &path) != 0)
		fatal(EX_CANTCREAT, "%s: %s", path, errno == EBUSY ?
		    "another smtpd has this run-directory" : strerror(errno));
	if (listener_open(&d->listeners, &given, &d->plan, &bad) != 0)
		fatal(EX_OSERR, "cannot listen at %s (listener %s): %s",
		    plan_place(&d->plan.sockets[bad], text),
		    d->plan.sockets[bad].name, strerror(errno));
	for (int i = 0; i < given.n; i++)
		if (given.fd[i] >= 0)
			fatal(EX_CONFIG, "a socket for port %d was given, but "
			    "no listener has its address", given.at[i].port);
	if (slots_init(&d->slots, room(), &d->plan) != 0)
		fatal(EX_OSERR, "session table: %s", strerror(errno));
	open_counts(d);
	if ((uint32_t)d->plan.sections[0].most > d->slots.room)
		log_note(LEVEL_WARNING, "only %u connections: the limit on "
		    "open files allows no more", d->slots.room);
	d->ep = epoll_create1(EPOLL_CLOEXEC);
	d->lives = epoll_create1(EPOLL_CLOEXEC);
	d->signals = signals_open();
	if (d->ep < 0 || d->lives < 0 || d->signals < 0 ||
	    daemon_watch(d, d->lives, WATCH_LIVES, 0,
	    EPOLLIN | EPOLLONESHOT) != 0 ||
	    daemon_watch(d, d->signals, WATCH_SIGNAL, 0, EPOLLIN) != 0 ||
	    daemon_watch(d, d->inner.shown, WATCH_SHOWN, 0, EPOLLIN) != 0)
		fatal(EX_OSERR, "epoll: %s", strerror(errno));
}

static void
started(struct daemon *d)
{
	for (int i = 0; i <= CHILD_TEMPLATE; i++)
		if (!d->child[i].ready)
			return;
	d->started = true;
	write_pid(d);
	log_open("smtpd", d->inner.log_send, LEVEL_INFO);
	log_note(LEVEL_NOTICE, "serving");
}

/* A child has said that it is ready, or (a template) that a session crashed. */
static void
on_child(struct daemon *d, enum child_name name)
{
	struct child *c = &d->child[name];
	char word[64];
	ssize_t n = -1;

	while (c->control >= 0 &&
	    (n = recv(c->control, word, sizeof word, 0)) > 0) {
		if (word[0] == 'R' && !c->ready) {
			c->ready = true;
			if (name == CHILD_NEXT) {
				reload_ready(d);
				return;
			}
			if (name == CHILD_TEMPLATE)
				connections_arm(d, true);
			if (!d->started)
				started(d);
		} else if (word[0] == 'C' && name == CHILD_TEMPLATE) {
			d->crashed = true;
		}
	}
	/* At its end the descriptor would be ready for ever. */
	if (c->control >= 0 && n == 0)
		epoll_ctl(d->ep, EPOLL_CTL_DEL, c->control, NULL);
}

static void
on_end(struct daemon *d, pid_t pid, int status)
{
	if (d->tailored.pid == pid) {
		reload_tailored(d, status);
		return;
	}
	for (int i = 0; i < CHILD_COUNT; i++) {
		if (d->child[i].pid != pid)
			continue;
		if (!d->started)
			fatal(WIFEXITED(status) && WEXITSTATUS(status) != 0 ?
			    WEXITSTATUS(status) : EX_OSERR,
			    "%s could not start",
			    child_text((enum child_name)i));
		child_ended(&d->child[i], (enum child_name)i, status);
		if (i == CHILD_TEMPLATE)
			connections_arm(d, false);
		if (i == CHILD_NEXT)
			reload_failed(d);
	}
}

static void
stop(struct daemon *d)
{
	if (d->drain_until != 0) {
		d->drain_until = clock_ms();	/* asked twice: at once */
		return;
	}
	log_note(LEVEL_NOTICE, "stopping, %u sessions", d->slots.used);
	connections_arm(d, false);
	listener_close(&d->listeners);
	d->drain_until = clock_ms() + d->plan.drain_ms;
	/* A session sees this between two commands, and says 421. */
	connections_drain(d, SHUT_WR);
}

static void
on_signal(struct daemon *d)
{
	struct signalfd_siginfo s;
	pid_t pid;
	int status;

	while (read(d->signals, &s, sizeof s) == sizeof s) {
		if (s.ssi_signo == SIGHUP)
			reload_start(d);
		else if (s.ssi_signo == SIGTERM || s.ssi_signo == SIGINT)
			stop(d);
	}
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		on_end(d, pid, status);
}

static void
tick(struct daemon *d)
{
	const struct child *t = &d->child[CHILD_TEMPLATE];
	int64_t now = clock_ms();

	for (int i = 0; i <= CHILD_TEMPLATE; i++)
		if (d->child[i].again != 0 && d->child[i].again <= now)
			daemon_start(d, (enum child_name)i);
	for (int i = 0; i < CHILD_COUNT; i++)
		child_watch(&d->child[i], (enum child_name)i, now,
		    d->plan.start_ms);
	reload_watch(d, now);
	admission_tick(d, now);
	if (t->ready && (d->crashed || d->template_served >=
	    (uint64_t)d->plan.template_connections ||
	    (d->template_served > 0 &&
	    now - t->since > d->plan.template_age_ms)))
		reload_renew(d);
	connections_tick(d, now);
}

/* To inlet limits: only what can be read; one message always has room. */
static void
show(const struct daemon *d)
{
	int fd, most = d->plan.sections[0].most;
	const int fds[SHOWN_FDS] = { [SHOWN_RECORD] = d->record,
	    [SHOWN_ROWS] = d->slots.rows_fd, [SHOWN_SMTPD] = d->own_read,
	    [SHOWN_SUBMIT] = d->counts_read, [SHOWN_AUTH] = d->logins_read };
	struct shown s = { .magic = SHOWN_MAGIC };

	s.most = (uint32_t)most > d->slots.room ? (int)d->slots.room : most;
	while ((fd = accept4(d->inner.shown, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		(void)!fd_pass(fd, &s, sizeof s, fds, SHOWN_FDS, MSG_DONTWAIT);
		close(fd);
	}
}

/*
 * What sessions have said: four things each, from its begin to its end, so
 * that on a busy machine each would wake us four times.  After the first
 * nobody wakes us, until for a while there was nothing; we look whenever we
 * are awake, so that who is admitted next is counted as ever.
 */
static int
hear_lives(struct daemon *d)
{
	struct epoll_event e[128];
	int n = epoll_wait(d->lives, e, ARRAY_LEN(e), 0);

	for (int i = 0; i < n; i++)
		connections_life(d, (uint32_t)e[i].data.u64);
	return n;
}

static void
be_busy(struct daemon *d, bool busy)
{
	struct epoll_event e = { .events = EPOLLIN | EPOLLONESHOT,
	    .data.u64 = mark(WATCH_LIVES, 0) };

	d->busy = busy;
	if (!busy && epoll_ctl(d->ep, EPOLL_CTL_MOD, d->lives, &e) != 0)
		fatal(EX_OSERR, "epoll: %s", strerror(errno));
}

static void
events(struct daemon *d, int timeout)
{
	struct epoll_event e[128];
	int n = epoll_wait(d->ep, e, ARRAY_LEN(e),
	    d->busy && timeout > LIVES_MS ? LIVES_MS : timeout);

	if (d->busy && hear_lives(d) == 0 && n == 0)
		be_busy(d, false);
	for (int i = 0; i < n; i++) {
		uint32_t index = (uint32_t)e[i].data.u64;

		switch ((enum watch)(e[i].data.u64 >> 32)) {
		case WATCH_LISTENER:
			if (d->accepting && (int)index < d->listeners.n &&
			    d->listeners.fd[index] >= 0)
				connections_accept(d, index);
			break;
		case WATCH_SIGNAL:
			on_signal(d);
			break;
		case WATCH_CHILD:
			on_child(d, (enum child_name)index);
			break;
		case WATCH_LIVES:
			hear_lives(d);
			be_busy(d, !d->asked);
			break;
		case WATCH_LIFE:	/* in lives */
			break;
		case WATCH_SHOWN:
			show(d);
			break;
		}
	}
	connections_flush(d);
}

/* How long the loop may sleep: a tenth of a second if something is due. */
static int
pause_ms(const struct daemon *d)
{
	if (d->accept_again != 0 || d->slots.first != SLOT_NONE)
		return 100;
	for (int i = 0; i < CHILD_COUNT; i++)
		if (d->child[i].again != 0)
			return 50;
	return 1000;
}

/* Helpers finish by themselves once they see that we let go. */
static void
finish(struct daemon *d)
{
	int64_t until = clock_ms() + END_MOST;
	char path[PLAN_PATH + 16];
	int status, left;
	pid_t pid;

	if (d->tailored.pid != 0)
		kill(d->tailored.pid, SIGKILL);
	/* And this at once: helpers have callers no more. */
	connections_drain(d, SHUT_RDWR);
	for (int i = CHILD_COUNT; i-- > CHILD_LOGGER + 1;)
		child_release(&d->child[i]);
	do {
		left = 0;
		while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
			for (int i = 0; i < CHILD_COUNT; i++)
				if (d->child[i].pid == pid)
					d->child[i].pid = 0;
		for (int i = CHILD_LOGGER + 1; i < CHILD_COUNT; i++)
			left += d->child[i].pid != 0;
		if (left > 0)
			usleep(5000);
	} while (left > 0 && clock_ms() < until);
	log_note(LEVEL_NOTICE, "stopped");
	child_release(&d->child[CHILD_LOGGER]);
	if (d->child[CHILD_LOGGER].pid > 0)
		waitpid(d->child[CHILD_LOGGER].pid, &status, 0);
	snprintf(path, sizeof path, "%s/smtpd.pid", d->plan.run_directory);
	unlink(path);
}

int
serve(const struct options *o, int first, int n)
{
	struct daemon *d = xcalloc(1, sizeof *d);
	int64_t last = 0;
	int code;

	d->options = o;
	d->next_record = -1;
	for (size_t i = 0; i < FAREWELLS; i++)
		d->farewell[i].fd = -1;
	for (int i = 0; i < CHILD_COUNT; i++)
		d->child[i].control = -1;
	d->record = tailored_run(&o->tailor, &d->plan, &code);
	if (d->record < 0)
		fatal(code, "no usable configuration");
	daemon_mmdf_most(d, &d->plan);
	open_all(d, first, n);
	for (int i = 0; i <= CHILD_TEMPLATE; i++)
		daemon_start(d, (enum child_name)i);
	while (d->drain_until == 0 || (d->slots.used > 0 &&
	    clock_ms() < d->drain_until)) {
		events(d, pause_ms(d));
		if (clock_ms() - last >= 50) {
			last = clock_ms();
			tick(d);
		}
	}
	finish(d);
	return EX_OK;
}

/*
 * authworker - makes a process for each question about a password.
 *
 * Runs as authsrvr does, but has nothing of authsrvr's: no sessions, no key of
 * receipts.  It reads no question itself: whoever asks the back ends has one
 * question in its life, and what libraries keep of its password ends with it,
 * as does every process that it started.  The libraries are loaded once, here.
 */
#include "config.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>
#include "authsrvr/authworker.h"
#include "authsrvr/strays.h"
#include "authsrvr/verify.h"
#include "lib/clock.h"
#include "lib/conf.h"
#include "lib/log.h"
#include "lib/priv.h"
#include "lib/proc.h"

struct worker {
	pid_t pid;		/* 0: nobody works */
	uint64_t number;	/* of its question */
	int64_t until;
	bool late;		/* killed for it */
};

struct nursery {
	const struct settings *s;
	int n;
	struct worker at[AUTHWORKER_MOST];
	int ends;		/* tells of workers that ended */
};

/* Dies with its parent, and with it all that it starts; has one slot. */
static void
become(const struct nursery *y, int slot, pid_t parent)
{
	sigset_t none;

	priv_die_with_parent(SIGKILL, parent);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* What strays while we live is ours; so what y adopts is nobody's. */
	if (setpgid(0, 0) == -1 || strays_adopt() == -1)
		_exit(EX_OSERR);
	close(y->ends);
	for (int i = 0; i < y->n; i++)
		if (i != slot)
			close(AUTHWORKER_SLOTS + i);
}

static _Noreturn void
work(const struct nursery *y, int slot, pid_t parent)
{
	int fd = AUTHWORKER_SLOTS + slot;
	struct worker_question w;
	struct worker_result m;
	int64_t deadline;
	ssize_t n;

	become(y, slot, parent);
	memset(&w, 0, sizeof(w));
	memset(&m, 0, sizeof(m));
	n = recv(fd, &w, sizeof(w), MSG_DONTWAIT | MSG_TRUNC);
	if (n < (ssize_t)offsetof(struct worker_question, q) ||
	    !verify_question_good(&w.q, (size_t)n -
	    offsetof(struct worker_question, q)))
		_exit(EX_PROTOCOL);
	/* A little before we are killed there still is a reason to give. */
	deadline = clock_ms() + y->s->auth_worker_time -
	    y->s->auth_worker_time / 10;
	m.number = w.number;
	verify(y->s, &w.q, deadline, &m.r);
	explicit_bzero(&w, sizeof(w));
	n = send(fd, &m, sizeof(m), MSG_NOSIGNAL);
	explicit_bzero(&m, sizeof(m));
	_exit(n == (ssize_t)sizeof(m) ? EX_OK : EX_PROTOCOL);
}

/* For one that could not. */
static void
answer_for(const struct nursery *y, int slot, const char *why)
{
	struct worker_result m = { .number = y->at[slot].number,
		.r = { .answer = VERIFY_LATER } };
	struct worker_question w;
	int fd = AUTHWORKER_SLOTS + slot;

	/* If it died before it took the question, nobody else shall. */
	if (recv(fd, &w.number, sizeof(w.number), MSG_PEEK | MSG_DONTWAIT) ==
	    (ssize_t)sizeof(w.number) && w.number == m.number)
		(void)!recv(fd, &w, sizeof(w), MSG_DONTWAIT);
	explicit_bzero(&w, sizeof(w));
	snprintf(m.r.why, sizeof(m.r.why), "%s", why);
	(void)!send(fd, &m, sizeof(m), MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void
begin(struct nursery *y, int slot)
{
	struct worker *w = &y->at[slot];
	pid_t parent = getpid();

	w->pid = fork();
	if (w->pid == 0)
		work(y, slot, parent);
	if (w->pid == -1) {
		w->pid = 0;
		answer_for(y, slot, "fork failed");
		return;
	}
	/* From here too: which of us is first cannot be known. */
	(void)setpgid(w->pid, w->pid);
	w->late = false;
	w->until = clock_ms() + y->s->auth_worker_time;
}

static void
finish(struct nursery *y, int slot)
{
	struct worker *w = &y->at[slot];
	char how[40], why[80];
	siginfo_t info = { .si_pid = 0 };
	int status;

	if (waitid(P_PID, (id_t)w->pid, &info, WEXITED | WNOHANG |
	    WNOWAIT) == -1 || info.si_pid == 0)
		return;
	/* Its number is still its own: what it left behind goes too. */
	kill(-w->pid, SIGKILL);
	if (waitpid(w->pid, &status, 0) == -1)
		status = 0;
	if (w->late)
		answer_for(y, slot, "it took longer than auth-worker-time");
	else if (!WIFEXITED(status) || WEXITSTATUS(status) != EX_OK) {
		snprintf(why, sizeof(why), "the worker ended: %s",
		    proc_end(status, how, sizeof(how)));
		answer_for(y, slot, why);
	}
	w->pid = 0;
}

/* Kills who is late; how long nobody is. */
static int
look_at_clock(struct nursery *y)
{
	int64_t now = clock_ms(), first = CLOCK_NEVER;

	for (int i = 0; i < y->n; i++) {
		struct worker *w = &y->at[i];

		if (w->pid == 0 || w->late)
			continue;
		if (w->until <= now) {
			w->late = true;
			kill(-w->pid, SIGKILL);
		} else if (w->until < first) {
			first = w->until;
		}
	}
	return clock_left(first);
}

/* Of workers that ended, what had left their groups; how many remain. */
static int
sweep(const struct nursery *y)
{
	pid_t keep[AUTHWORKER_MOST];

	for (int i = 0; i < y->n; i++)
		keep[i] = y->at[i].pid;
	return strays_end(keep, (size_t)y->n);
}

/* authsrvr is gone: nobody waits for an answer. */
static _Noreturn void
end(struct nursery *y)
{
	for (int i = 0; i < y->n; i++) {
		if (y->at[i].pid == 0)
			continue;
		kill(-y->at[i].pid, SIGKILL);
		(void)waitpid(y->at[i].pid, NULL, 0);
		y->at[i].pid = 0;
	}
	while (sweep(y) > 0)
		(void)waitpid(-1, NULL, 0);
	exit(EX_OK);
}

static void
step(struct nursery *y)
{
	struct pollfd p[AUTHWORKER_MOST + 1];
	struct signalfd_siginfo told;
	uint64_t *number;

	/* A slot with somebody at work is its worker's to read. */
	for (int i = 0; i < y->n; i++)
		p[i] = (struct pollfd){ .fd = AUTHWORKER_SLOTS + i,
			.events = y->at[i].pid == 0 ? POLLIN : 0 };
	p[y->n] = (struct pollfd){ .fd = y->ends, .events = POLLIN };
	if (poll(p, (nfds_t)y->n + 1, look_at_clock(y)) <= 0)
		return;
	if (p[y->n].revents != 0) {
		(void)!read(y->ends, &told, sizeof(told));
		for (int i = 0; i < y->n; i++)
			if (y->at[i].pid != 0)
				finish(y, i);
		(void)sweep(y);
	}
	for (int i = 0; i < y->n; i++) {
		if ((p[i].revents & POLLHUP) != 0)
			end(y);
		if ((p[i].revents & POLLIN) == 0 || y->at[i].pid != 0)
			continue;
		number = &y->at[i].number;
		if (recv(p[i].fd, number, sizeof(*number), MSG_PEEK |
		    MSG_DONTWAIT) != (ssize_t)sizeof(*number))
			end(y);
		begin(y, i);
	}
}

/*
 * No core, no ptrace.  Privileges may be gained: checkpassword programs are
 * often set-user-id, and so is what PAM's modules start.
 */
static void
confine(void)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	sigaction(SIGHUP, &ignore, NULL);
	sigaction(SIGINT, &ignore, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
	if (priv_limit(RLIMIT_CORE, 0) == -1 ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1)
		fatal(EX_OSERR, "cannot do without core files");
	if (strays_adopt() == -1)
		fatal(EX_OSERR, "cannot be a subreaper: %s", strerror(errno));
}

int
main(int argc, char *argv[])
{
	struct conf *c = conf_from_fd(AUTHWORKER_RECORD, 0);
	struct nursery y = { .n = 0 };
	sigset_t child;

	(void)argv;
	log_open("authworker", -1, LEVEL_INFO);
	if (argc != 1)
		fatal(EX_USAGE, "usage: authworker; authsrvr starts it");
	if (c == NULL)
		fatal(EX_CONFIG, "no configuration record at descriptor 3");
	close(AUTHWORKER_RECORD);
	y.s = &c->server.v;
	y.n = (int)y.s->auth_workers;
	confine();
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	y.ends = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	if (y.ends == -1)
		fatal(EX_OSERR, "signalfd: %s", strerror(errno));
	for (;;)
		step(&y);
}

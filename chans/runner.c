/*
 * runner - runs a command for ch_pipe, as the user that ch_pipe is.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "chans/runner.h"
#include "lib/clock.h"
#include "lib/fdio.h"
#include "lib/priv.h"
#include "lib/text.h"

#define GRACE_MS 2000
/* The end of its output is not waited for longer than this. */
#define DRAIN_MS 100
#define FILES_MOST 256

/* What failed before the command ran, as the child tells its parent. */
struct failure {
	int error;
	char what[16];
};

struct run {
	pid_t pid;
	int out;		/* its output; -1: closed */
	int exit;		/* a pidfd: readable when it has ended */
	int64_t deadline;
	bool late;
	char tail[RUNNER_TEXT];	/* the last bytes of its output */
	size_t n;
};

static _Noreturn void
give_up(int status, const char *what)
{
	struct failure f = { .error = errno };

	snprintf(f.what, sizeof f.what, "%s", what);
	if (write(status, &f, sizeof f) == -1)
		_exit(126);
	_exit(127);
}

/* In the child: 0 to 2 are the command's, 3 is for failures. */
static _Noreturn void
execute(const struct runner_job *job, int out, int status, pid_t parent)
{
	struct sigaction standard = { .sa_handler = SIG_DFL };
	int in = fcntl(job->in, F_DUPFD, 4);
	sigset_t none;

	out = fcntl(out, F_DUPFD, 4);
	status = fcntl(status, F_DUPFD, 4);
	if (dup2(in, 0) == -1 || dup2(out, 1) == -1 || dup2(out, 2) == -1 ||
	    dup2(status, 3) == -1 || fcntl(3, F_SETFD, FD_CLOEXEC) == -1)
		_exit(126);
	fd_close_from(4);
	priv_die_with_parent(SIGKILL, parent);
	if (setsid() == -1)
		give_up(3, "setsid");
	if (chdir(job->directory) == -1)
		give_up(3, job->directory);
	if (priv_limit(RLIMIT_NOFILE, FILES_MOST) == -1 ||
	    (job->memory > 0 && priv_limit(RLIMIT_DATA,
	    (long)job->memory) == -1))
		give_up(3, "limits");
	for (int sig = 1; sig < NSIG; sig++)
		(void)sigaction(sig, &standard, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execve(job->argv[0], job->argv, job->env);
	give_up(3, "exec");
}

/* 0 if the command runs; -1 with *f_r filled. */
static int
begun(int status, struct failure *f_r)
{
	ssize_t n;

	do {
		n = read(status, f_r, sizeof *f_r);
	} while (n == -1 && errno == EINTR);
	return n == (ssize_t)sizeof *f_r ? -1 : 0;
}

/* The child, known to the guard before it can have children. */
static int
start(struct guard *g, const struct runner_job *job, struct run *r_r,
    int *status_r)
{
	int out[2], status[2];
	pid_t us = getpid();

	if (pipe2(out, O_CLOEXEC) == -1)
		return -1;
	if (pipe2(status, O_CLOEXEC) == -1) {
		close(out[0]);
		close(out[1]);
		return -1;
	}
	r_r->pid = fork();
	if (r_r->pid == 0)
		execute(job, out[1], status[1], us);
	close(out[1]);
	close(status[1]);
	if (r_r->pid != -1 && guard_watch(g, r_r->pid) == 0) {
		r_r->out = out[0];
		*status_r = status[0];
		return 0;
	}
	if (r_r->pid != -1)
		kill(r_r->pid, SIGKILL);
	close(out[0]);
	close(status[0]);
	return -1;
}

/* Reads what there is and keeps the end of it. */
static void
listen_to(struct run *r)
{
	char piece[4096];
	size_t keep = sizeof r->tail - 1, drop;
	ssize_t n = read(r->out, piece, sizeof piece);

	if (n == -1 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		close(r->out);
		r->out = -1;
		return;
	}
	if ((size_t)n >= keep) {
		memcpy(r->tail, piece + (size_t)n - keep, keep);
		r->n = keep;
		return;
	}
	drop = r->n + (size_t)n > keep ? r->n + (size_t)n - keep : 0;
	memmove(r->tail, r->tail + drop, r->n - drop);
	memcpy(r->tail + r->n - drop, piece, (size_t)n);
	r->n = r->n - drop + (size_t)n;
}

static void
too_late(struct run *r, bool *killed)
{
	if (r->late)
		*killed = true;
	kill(-r->pid, r->late ? SIGKILL : SIGTERM);
	r->late = true;
	r->deadline = clock_ms() + (*killed ? DRAIN_MS : GRACE_MS);
}

/* Until it has ended; what it has left behind may still hold its output. */
static void
follow(struct run *r)
{
	struct pollfd p[2];
	bool killed = false;

	for (;;) {
		p[0] = (struct pollfd){ .fd = r->exit, .events = POLLIN };
		p[1] = (struct pollfd){ .fd = r->out, .events = POLLIN };
		if (poll(p, 2, clock_left(r->deadline)) == 0) {
			too_late(r, &killed);
			continue;
		}
		if (p[1].revents != 0)
			listen_to(r);
		if (p[0].revents != 0)
			return;
	}
}

static void
drain(struct run *r)
{
	int64_t deadline = clock_ms() + DRAIN_MS;
	struct pollfd p = { .fd = r->out, .events = POLLIN };

	while (r->out != -1 && clock_ms() < deadline &&
	    poll(&p, 1, clock_left(deadline)) > 0)
		listen_to(r);
	if (r->out != -1)
		close(r->out);
}

/* The last line that has something in it. */
static void
last_line(struct run *r, char *dst, size_t size)
{
	size_t at = 0, n;

	while (r->n > 0 && strchr("\r\n\t ", r->tail[r->n - 1]) != NULL &&
	    r->tail[r->n - 1] != '\0')
		r->n--;
	for (n = r->n; n > 0; n--) {
		if (r->tail[n - 1] == '\n') {
			at = n;
			break;
		}
	}
	n = r->n - at < size - 1 ? r->n - at : size - 1;
	for (size_t i = 0; i < n; i++)
		dst[i] = text_printable(r->tail + at + i, 1) ?
		    r->tail[at + i] : '?';
	dst[n] = '\0';
}

static void
conclude(struct run *r, int status, struct runner_result *r_r)
{
	last_line(r, r_r->text, sizeof r_r->text);
	if (r->late)
		r_r->end = RUNNER_LATE;
	else if (WIFSIGNALED(status)) {
		r_r->end = RUNNER_SIGNALLED;
		r_r->number = WTERMSIG(status);
	} else {
		r_r->end = RUNNER_EXITED;
		r_r->number = WEXITSTATUS(status);
	}
}

/*
 * Its number stays taken until it is reaped: so first its group is killed,
 * then the guard is told.
 */
static int
bury(struct guard *g, const struct run *r, int *status_r)
{
	pid_t got;
	int result;

	kill(-r->pid, SIGKILL);
	result = guard_watch(g, 0);
	do {
		got = waitpid(r->pid, status_r, 0);
	} while (got == -1 && errno == EINTR);
	return got == r->pid ? result : -1;
}

int
runner_run(struct guard *g, const struct runner_job *job,
    struct runner_result *r_r)
{
	struct run r = { .deadline = clock_ms() + job->ms };
	struct failure f;
	int status = -1, how = 0;

	*r_r = (struct runner_result){ .end = RUNNER_NOT };
	if (start(g, job, &r, &status) == -1)
		return -1;
	r.exit = pidfd_open(r.pid, 0);
	if (r.exit == -1) {
		kill(r.pid, SIGKILL);
		close(r.out);
		close(status);
		return -1;
	}
	if (begun(status, &f) == 0)
		f.error = 0;
	close(status);
	follow(&r);
	close(r.exit);
	if (bury(g, &r, &how) == -1) {
		close(r.out);
		return -1;
	}
	drain(&r);
	if (f.error != 0) {
		r_r->number = f.error;
		snprintf(r_r->text, sizeof r_r->text, "%s: %s",
		    strcmp(f.what, "exec") == 0 ? job->argv[0] : f.what,
		    strerror(f.error));
	} else
		conclude(&r, how, r_r);
	return 0;
}

/*
 * killat - runs a program and kills it, with all its threads and children,
 * at the Nth stop before or after a system call.
 *
 *	killat [-w] FILE N PROGRAM [ARGUMENT ...]
 *
 * N 0: lets it end, and writes how many stops there were to FILE.  -w: counts
 * from when it gets a SIGUSR1; until then they run unhindered.
 */
#include "config.h"

#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/wait.h>

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/text.h"

#define OPTIONS (PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | \
	PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL)
#define MOST 4096		/* that live at the same time */

static volatile sig_atomic_t go;

struct tracees {
	pid_t pid[MOST];
	size_t n;
};

static void
on_signal(int sig)
{
	if (sig == SIGUSR1)
		go = 1;
}

/* Both come only while we sleep: none is missed. */
static int
watch_signals(void)
{
	struct sigaction sa = { .sa_handler = on_signal };
	sigset_t both;

	sigemptyset(&both);
	sigaddset(&both, SIGUSR1);
	sigaddset(&both, SIGCHLD);
	return sigprocmask(SIG_BLOCK, &both, NULL) != 0 ||
	    sigaction(SIGUSR1, &sa, NULL) != 0 ||
	    sigaction(SIGCHLD, &sa, NULL) != 0 ? -1 : 0;
}

static int
start(char *const argv[])
{
	sigset_t none;

	sigemptyset(&none);
	if (sigprocmask(SIG_SETMASK, &none, NULL) != 0 || raise(SIGSTOP) != 0)
		return 71;
	execv(argv[0], argv);
	return 72;
}

static bool
meet(struct tracees *t, pid_t pid)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->pid[i] == pid)
			return true;
	if (t->n == MOST)
		return false;
	t->pid[t->n++] = pid;
	return true;
}

static void
part(struct tracees *t, pid_t pid)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->pid[i] == pid)
			t->pid[i--] = t->pid[--t->n];
}

/* So that from its next stop on each is stopped at its calls. */
static void
stop_all(const struct tracees *t)
{
	for (size_t i = 0; i < t->n; i++)
		(void)ptrace(PTRACE_INTERRUPT, t->pid[i], NULL, NULL);
}

static int
report(const char *path, int64_t stops)
{
	FILE *f = fopen(path, "we");

	if (f == NULL || fprintf(f, "%lld\n", (long long)stops) < 0 ||
	    fclose(f) != 0)
		return 74;
	return 0;
}

/* How many stops there were until the last of them ended. */
static int64_t
trace(pid_t first, int64_t most)
{
	static struct tracees all;
	int64_t stops = 0;
	bool counting = go;
	sigset_t none;
	int status;
	pid_t pid;

	sigemptyset(&none);
	meet(&all, first);
	while ((pid = waitpid(-1, &status, __WALL | WNOHANG)) != -1) {
		int sig = 0;

		if (go && !counting) {
			counting = true;
			stop_all(&all);
		}
		if (pid == 0) {
			(void)sigsuspend(&none);
			continue;
		}
		if (!WIFSTOPPED(status)) {
			part(&all, pid);
			continue;
		}
		if (!meet(&all, pid))
			_exit(70);
		if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
			/* Our end is the end of all that we trace. */
			if (++stops == most)
				_exit(0);
		} else if (status >> 16 == 0) {
			sig = WSTOPSIG(status);
		}
		ptrace(counting ? PTRACE_SYSCALL : PTRACE_CONT, pid, NULL,
		    (void *)(intptr_t)sig);
	}
	return stops;
}

int
main(int argc, char **argv)
{
	bool wait = argc > 1 && strcmp(argv[1], "-w") == 0;
	int64_t most;
	int status;
	pid_t first;

	argc -= wait;
	argv += wait;
	go = !wait;
	if (argc < 4 || text_number(argv[2], 0, INT32_MAX, &most) != 0 ||
	    watch_signals() != 0)
		return 64;
	first = fork();
	if (first == 0)
		_exit(start(argv + 3));
	if (first == -1 || waitpid(first, &status, WUNTRACED) != first ||
	    ptrace(PTRACE_SEIZE, first, NULL, OPTIONS) != 0 ||
	    kill(first, SIGCONT) != 0)
		return 71;
	close(STDIN_FILENO);	/* the caller's end: not ours to hold */
	if (go)
		ptrace(PTRACE_INTERRUPT, first, NULL, NULL);
	return report(argv[1], trace(first, most));
}

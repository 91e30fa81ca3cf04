/*
 * killat - runs a program and kills it, with all its threads and children,
 * at the Nth stop before or after a system call.
 *
 *	killat FILE N PROGRAM [ARGUMENT ...]
 *
 * N 0: lets it end, and writes how many stops there were to FILE.
 */
#include "config.h"

#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/text.h"

#define OPTIONS (PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | \
	PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL)

static int
start(char *const argv[])
{
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0 ||
	    raise(SIGSTOP) != 0)
		return 71;
	execv(argv[0], argv);
	return 72;
}

/* What the program would have been told. */
static long
signal_of(int status)
{
	int sig = WSTOPSIG(status);

	return sig == SIGTRAP || sig == SIGSTOP ? 0 : sig;
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

int
main(int argc, char **argv)
{
	int64_t most, stops = 0;
	int status;
	pid_t first, pid;

	if (argc < 4 || text_number(argv[2], 0, INT32_MAX, &most) != 0)
		return 64;
	first = fork();
	if (first == 0)
		_exit(start(argv + 3));
	if (first == -1 || waitpid(first, &status, 0) != first ||
	    ptrace(PTRACE_SETOPTIONS, first, NULL, OPTIONS) != 0)
		return 71;
	close(STDIN_FILENO);	/* the caller's end: not ours to hold */
	ptrace(PTRACE_SYSCALL, first, NULL, NULL);
	while ((pid = waitpid(-1, &status, __WALL)) != -1 || errno == EINTR) {
		long sig = 0;

		if (pid == -1 || !WIFSTOPPED(status))
			continue;
		if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
			/* Our end is the end of all that we trace. */
			if (++stops == most)
				_exit(0);
		} else {
			sig = signal_of(status);
		}
		ptrace(PTRACE_SYSCALL, pid, NULL, sig);
	}
	return report(argv[1], stops);
}

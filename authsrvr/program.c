/*
 * program - runs one that says whether a password is good.
 *
 * The program is the operator's; what it is told is a stranger's.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>
#include "authsrvr/program.h"
#include "lib/clock.h"
#include "lib/fdio.h"
#include "lib/proc.h"

#define ARGUMENTS 64

/*
 * All of the input goes into a pipe before anybody reads: it fits, and a
 * program that does not want it is no trouble.
 */
static int
make_input(const struct buf *input)
{
	int pipe_fds[2], saved;

	if (pipe2(pipe_fds, O_CLOEXEC | O_NONBLOCK) == -1)
		return -1;
	if (fd_write(pipe_fds[1], input->p, input->len, clock_ms()) == -1) {
		saved = errno;
		close(pipe_fds[0]);
		pipe_fds[0] = -1;
		errno = saved;
	} else {
		/* Who reads may want to wait for its end. */
		(void)fcntl(pipe_fds[0], F_SETFL, 0);
	}
	close(pipe_fds[1]);
	return pipe_fds[0];
}

/* Between fork and exec; a signal that we ignore is not ignored there. */
static _Noreturn void
become(const int fds[4], char *const argv[], char *const env[])
{
	struct sigaction sa = { .sa_handler = SIG_DFL };
	int high[4];

	for (int sig = 1; sig < NSIG; sig++)
		sigaction(sig, &sa, NULL);
	for (int k = 0; k < 4; k++) {
		int fd = fds[k] != -1 ? fds[k] : open("/dev/null", O_RDWR);

		high[k] = fd == -1 ? -1 : fcntl(fd, F_DUPFD, 4);
	}
	for (int k = 0; k < 4; k++)
		if (high[k] == -1 || dup2(high[k], k) == -1)
			_exit(EX_OSERR);
	fd_close_from(4);
	execve(argv[0], argv, env);
	_exit(EX_OSERR);
}

/*
 * Not by proc_start(): what that starts has a process group of its own, which
 * authworker could not kill with us.
 */
static pid_t
start(const struct inquiry *i, const struct program *p, const int fds[4])
{
	static char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:"
	    "/usr/bin:/sbin:/bin";
	static char language[] = "LANG=C", proto[] = "PROTO=TCP",
	    service[] = "SERVICE=smtp";
	char *argv[ARGUMENTS + 2], ip[NET_TEXT + 16], host[NET_TEXT];
	char *env[] = { path, language, proto, service, ip, NULL };
	pid_t pid;
	size_t n;

	snprintf(ip, sizeof(ip), "TCPREMOTEIP=%s",
	    net_text(&i->q->client, host));
	for (n = 0; n < p->command->n && n < ARGUMENTS; n++)
		argv[n] = (char *)(uintptr_t)p->command->at[n];
	if (p->more != NULL)
		argv[n++] = (char *)(uintptr_t)p->more;
	argv[n] = NULL;
	pid = fork();
	if (pid == 0)
		become(fds, argv, env);
	return pid;
}

static void
read_output(int fd, struct buf *to)
{
	char some[512];
	ssize_t n;

	while ((n = read(fd, some, sizeof(some))) != 0) {
		if (n == -1 && errno != EINTR)
			break;
		/* Of too much the rest is read, and lost. */
		if (n > 0)
			(void)!buf_add(to, some, (size_t)n);
	}
	explicit_bzero(some, sizeof(some));
}

static int
wait_for(struct inquiry *i, const char *name, pid_t pid, int *code_r)
{
	int status;
	char how[40];

	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			return -1;
	*code_r = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	if (*code_r != -1 && *code_r != EX_OSERR)
		return 0;
	(void)backend_later(i, "%s: %s", name, proc_end(status, how,
	    sizeof(how)));
	return -1;
}

int
program_run(struct inquiry *i, const struct program *p, int *code_r)
{
	const char *name = p->command->at[0];
	int fds[4] = { -1, -1, -1, -1 }, out[2] = { -1, -1 };
	pid_t pid = -1;

	fds[p->at] = make_input(p->input);
	if (fds[p->at] != -1 &&
	    (p->output == NULL || pipe2(out, O_CLOEXEC) == 0)) {
		fds[STDOUT_FILENO] = out[1];
		pid = start(i, p, fds);
	}
	if (pid == -1)
		(void)backend_later(i, "%s: %s", name, strerror(errno));
	if (fds[p->at] != -1)
		close(fds[p->at]);
	if (out[1] != -1)
		close(out[1]);
	if (pid != -1 && p->output != NULL)
		read_output(out[0], p->output);
	if (out[0] != -1)
		close(out[0]);
	return pid == -1 ? -1 : wait_for(i, name, pid, code_r);
}

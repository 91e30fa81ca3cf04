/*
 * guard - kills a command whose channel program is gone.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "chans/guard.h"
#include "lib/fdio.h"

enum { GUARD_FD = 3, ALIVE_FD = 4 };

static _Noreturn void
watch(int from)
{
	pid_t group = 0, next;
	ssize_t n;

	/* Signals for the program are not for us; its end we read. */
	for (int sig = 1; sig < NSIG; sig++)
		(void)sigaction(sig, &(struct sigaction){
		    .sa_handler = SIG_IGN }, NULL);
	if (dup2(from, GUARD_FD) == -1)
		_exit(1);
	for (int fd = 0; fd < GUARD_FD; fd++)
		close(fd);
	fd_close_from(ALIVE_FD + 1);
	while ((n = read(GUARD_FD, &next, sizeof next)) != 0) {
		if (n == (ssize_t)sizeof next)
			group = next;
		else if (n != -1 || errno != EINTR)
			break;
	}
	if (group > 1)
		kill(-group, SIGKILL);
	_exit(0);
}

int
guard_start(struct guard *g_r)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) == -1)
		return -1;
	g_r->pid = fork();
	if (g_r->pid == 0)
		watch(fds[0]);
	close(fds[0]);
	g_r->to = fds[1];
	if (g_r->pid != -1)
		return 0;
	close(fds[1]);
	return -1;
}

int
guard_watch(struct guard *g, pid_t group)
{
	ssize_t n;

	do {
		n = write(g->to, &group, sizeof group);
	} while (n == -1 && errno == EINTR);
	return n == (ssize_t)sizeof group ? 0 : -1;
}

void
guard_end(struct guard *g)
{
	close(g->to);
	while (waitpid(g->pid, NULL, 0) == -1 && errno == EINTR)
		;
}

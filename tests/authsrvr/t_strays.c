/* What leaves its parent, its group and its session is ended all the same. */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "authsrvr/strays.h"
#include "tests/tap.h"

/* Of the parent, which waits for us, and of its child, which nobody does. */
static pid_t
two(int setsids)
{
	int fds[2];
	pid_t pid, child = -1;

	if (pipe(fds) == -1 || (pid = fork()) == -1)
		return -1;
	if (pid == 0) {
		if (setsids)
			setsid();
		child = fork();
		if (child == 0) {
			if (setsids)
				setsid();
			child = getpid();
			if (write(fds[1], &child, sizeof(child)) < 0)
				_exit(1);
			/* Ours ends with us, if nobody ends it. */
			alarm(120);
			for (;;)
				pause();
		}
		_exit(0);
	}
	if (read(fds[0], &child, sizeof(child)) != sizeof(child))
		child = -1;
	close(fds[0]);
	close(fds[1]);
	(void)waitpid(pid, NULL, 0);
	return child;
}

/* Until nothing of it is left but keep. */
static void
end_all(const pid_t *keep, size_t n)
{
	while (strays_end(keep, n) > 0)
		(void)waitpid(-1, NULL, 0);
}

int
main(void)
{
	pid_t kept, stray, ended;

	ok(strays_adopt() == 0, "orphans come to us");
	ok(strays_end(NULL, 0) == 0, "there are none yet");
	kept = two(0);
	stray = two(1);
	ok(kept > 1 && stray > 1 && kill(stray, 0) == 0, "two orphans");
	ok(strays_end((pid_t[]){ kept, 0, stray }, 3) == 0,
	    "both are to be kept");
	end_all((pid_t[]){ 0, kept }, 2);
	ok(kill(kept, 0) == 0, "one is");
	ok(kill(stray, 0) == -1 && errno == ESRCH,
	    "the other has ended, though in a session of its own");
	ended = fork();
	if (ended == 0)
		_exit(0);
	ok(waitid(P_PID, (id_t)ended, &(siginfo_t){ 0 },
	    WEXITED | WNOWAIT) == 0, "one that ended by itself");
	end_all(NULL, 0);
	ok(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD,
	    "all are ended and collected");
	return done();
}

/*
 * proc - start a program with given descriptors and a fixed environment.
 *
 * Between fork and exec the child calls only what is async-signal-safe: the
 * parent may have threads.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>
#include "lib/fdio.h"
#include "lib/log.h"
#include "lib/priv.h"
#include "lib/proc.h"

#define FDS_MOST 64

static void
default_signals(void)
{
	struct sigaction sa = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		sigaction(sig, &sa, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/*
 * First all sources go above the targets, so that no dup2 closes a source
 * that is still needed.
 */
static int
place_fds(const int *fds, int nfds)
{
	int high[FDS_MOST];

	for (int i = 0; i < nfds; i++) {
		int fd = fds[i] != -1 ? fds[i] : open("/dev/null", O_RDWR);

		high[i] = fd == -1 ? -1 : fcntl(fd, F_DUPFD, nfds);
		if (high[i] == -1)
			return -1;
	}
	for (int i = 0; i < nfds; i++)
		if (dup2(high[i], i) == -1)
			return -1;
	fd_close_from(nfds);
	return 0;
}

static void
say(const char *what, const char *path)
{
	struct iovec v[3];
	const char *p[3] = { what, path, "\n" };

	for (int i = 0; i < 3; i++) {
		v[i].iov_base = (void *)(uintptr_t)p[i];
		v[i].iov_len = strlen(p[i]);
	}
	if (writev(STDERR_FILENO, v, 3) == -1)
		return;	/* nobody is left to tell */
}

static _Noreturn void
run(const char *path, char *const argv[], char *const env[], const int *fds,
    int nfds, const struct proc_user *user)
{
	if (place_fds(fds, nfds) == -1)
		_exit(EX_OSERR);
	if (user != NULL && user->uid != (uid_t)-1 &&
	    priv_drop(user->uid, user->gid) == -1) {
		say("cannot change the user for ", path);
		_exit(EX_OSERR);
	}
	(void)setsid();
	default_signals();
	execve(path, argv, env);
	say("cannot execute ", path);
	_exit(EX_OSERR);
}

pid_t
proc_start(const char *path, char *const argv[], const int *fds, int nfds,
    const struct proc_user *user)
{
	return proc_start_with(path, argv, fds, nfds, user,
	    (char *[]){ NULL });
}

pid_t
proc_start_with(const char *path, char *const argv[], const int *fds,
    int nfds, const struct proc_user *user, char *const *more)
{
	static char search[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	static char language[] = "LANG=C";
	const char *zone = getenv("TZ");
	char tz[256] = "TZ=";
	char *env[3 + PROC_MORE + 1] = { search, language };
	int n = 2;
	sigset_t all, mine;
	pid_t pid;
	int saved;

	if (nfds < 0 || nfds > FDS_MOST) {
		errno = EINVAL;
		return -1;
	}
	if (zone != NULL && strlen(zone) < sizeof(tz) - 3) {
		memcpy(tz + 3, zone, strlen(zone) + 1);
		env[n++] = tz;
	}
	while (*more != NULL && n < 3 + PROC_MORE)
		env[n++] = *more++;
	/* No handler of ours runs in the child. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &mine);
	pid = fork();
	if (pid == 0)
		run(path, argv, env, fds, nfds, user);
	saved = errno;
	sigprocmask(SIG_SETMASK, &mine, NULL);
	errno = saved;
	return pid;
}

pid_t
proc_fork(void)
{
#if defined(HAVE__FORK) && !defined(SANITIZERS)
	pid_t pid = _Fork();

	if (pid == 0)
		log_forked();
	return pid;
#else
	return fork();
#endif
}

const char *
proc_end(int status, char *dst, size_t size)
{
	if (WIFEXITED(status))
		snprintf(dst, size, "exit %d", WEXITSTATUS(status));
	else if (WIFSIGNALED(status))
		snprintf(dst, size, "signal %d (%s)", WTERMSIG(status),
		    strsignal(WTERMSIG(status)));
	else
		snprintf(dst, size, "status %d", status);
	return dst;
}

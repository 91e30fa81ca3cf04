/*
 * t_proc - a program starts with its descriptors, environment, signals and
 * user, and nothing else of ours.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/proc.h"
#include "tests/tap.h"

static char got[4096];

/* Runs a shell line with these descriptors, 1 being a pipe read here. */
static int
shell(const char *line, int *fds, int nfds, const struct proc_user *user)
{
	char sh[] = "sh", c[] = "-c", *text = strdup(line);
	char *argv[] = { sh, c, text, NULL };
	int p[2], status = -1;
	size_t len = 0;
	ssize_t n;
	pid_t pid;

	if (pipe(p) == -1)
		return -1;
	fds[1] = p[1];
	pid = proc_start("/bin/sh", argv, fds, nfds, user);
	close(p[1]);
	while ((n = read(p[0], got + len, sizeof(got) - 1 - len)) > 0)
		len += (size_t)n;
	got[len] = '\0';
	close(p[0]);
	if (pid != -1)
		waitpid(pid, &status, 0);
	free(text);
	return status;
}

static int
file_with(const char *text)
{
	FILE *f = tmpfile();
	int fd;

	if (f == NULL)
		return -1;
	fputs(text, f);
	fflush(f);
	rewind(f);
	fd = dup(fileno(f));
	fclose(f);
	return fd;
}

static void
descriptors(void)
{
	int a = file_with("A"), b = file_with("B"), c = file_with("C");
	int fds[6] = { -1, -1, 2, 5, 3, 4 };

	/* Sources and targets overlap in a ring. */
	dup2(a, 23);
	dup2(b, 24);
	dup2(c, 25);
	close(a);
	close(b);
	close(c);
	dup2(23, 3);
	dup2(24, 4);
	dup2(25, 5);
	num(shell("cat <&3; cat <&4; cat <&5; ls /proc/self/fd "
	    "| wc -l", fds, 6, NULL), 0, "runs");
	is(got, "CAB7\n", "each at its place, and no other open");
	num(shell("cat; echo end", fds, 3, NULL), 0, "descriptor 0 is null");
	is(got, "end\n", "and empty");
	num(shell("echo x", fds, 65, NULL), -1, "too many");
}

static void
surroundings(void)
{
	int fds[3] = { -1, -1, 2 };
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	sigset_t s;

	setenv("LD_PRELOAD_NOT", "x", 1);
	setenv("TZ", "Antarctica/Troll", 1);
	num(shell("env | grep -v '^_=\\|^PWD=\\|^SHLVL=\\|^OLDPWD=' | sort",
	    fds, 3, NULL), 0, "runs");
	is(got, "LANG=C\nPATH=/usr/sbin:/usr/bin:/sbin:/bin\n"
	    "TZ=Antarctica/Troll\n", "the environment is ours");
	unsetenv("TZ");
	sigaction(SIGPIPE, &ignore, NULL);
	sigfillset(&s);
	sigprocmask(SIG_SETMASK, &s, NULL);
	num(shell("grep '^SigB' /proc/self/status; kill -PIPE $$", fds, 3,
	    NULL), SIGPIPE, "a signal that we ignore ends it");
	is(got, "SigBlk:\t0000000000000000\n", "and none is blocked");
	sigprocmask(SIG_BLOCK, NULL, &s);
	ok(sigismember(&s, SIGTERM) == 1, "our own mask is as it was");
	sigemptyset(&s);
	sigprocmask(SIG_SETMASK, &s, NULL);
}

static void
users(void)
{
	int fds[3] = { -1, -1, 2 };
	struct proc_user nobody = { 65534, 65534 };
	struct proc_user same = { (uid_t)-1, (gid_t)-1 };
	char want[32];

	num(shell("id -u", fds, 3, &same), 0, "as we are");
	snprintf(want, sizeof(want), "%d\n", (int)geteuid());
	is(got, want, "runs as us");
	if (geteuid() != 0 && geteuid() != 65534) {
		fds[2] = -1;
		num(WEXITSTATUS(shell("id -u", fds, 3, &nobody)), 71,
		    "cannot be another");
		return;
	}
	num(shell("id -u; id -g; id -G", fds, 3, &nobody), 0, "as another");
	is(got, "65534\n65534\n65534\n", "for good");
}

static void
endings(void)
{
	char d[64], name[] = "x", *argv[] = { name, NULL };
	int fds[3] = { -1, -1, -1 }, status = -1;
	pid_t pid = proc_start("/nowhere/x", argv, fds, 3, NULL);

	ok(pid > 0 && waitpid(pid, &status, 0) == pid, "no such program");
	is(proc_end(status, d, sizeof(d)), "exit 71", "is 71");
	status = shell("kill -9 $$", fds, 3, NULL);
	is(proc_end(status, d, sizeof(d)), "signal 9 (Killed)", "a signal");
	is(proc_end(0, d, sizeof(d)), "exit 0", "a good end");
}

int
main(void)
{
	descriptors();
	surroundings();
	users();
	endings();
	return done();
}

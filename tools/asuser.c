/*
 * asuser - what another user of ours may do with a path.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/priv.h"
#include "tools/asuser.h"

#define NOT_TRIED 255

static _Noreturn void
try(const struct proc_user *u, const char *path, int mode)
{
	if (geteuid() == 0 && priv_drop(u->uid, u->gid) != 0)
		_exit(NOT_TRIED);
	if (access(path, mode) == 0)
		_exit(0);
	_exit(errno < NOT_TRIED ? errno : EACCES);
}

int
asuser_access(const struct proc_user *u, const char *path, int mode)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0)
		try(u, path, mode);
	if (pid < 0)
		return ECHILD;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return ECHILD;
	if (!WIFEXITED(status) || WEXITSTATUS(status) == NOT_TRIED)
		return ECHILD;
	return WEXITSTATUS(status);
}

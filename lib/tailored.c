/*
 * tailored - the plan and the configuration record, from tailor.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/tailored.h"

#define NOBODY 65534

static void
add(const char **argv, int *n, const char *flag, const char *value)
{
	if (value == NULL)
		return;
	argv[(*n)++] = flag;
	argv[(*n)++] = value;
}

static void
arguments(const char *argv[20], const struct tailored_options *o)
{
	int n = 0;

	argv[n++] = "tailor";
	if (geteuid() == 0)
		argv[n++] = "-r";
	if (o->finicky)
		argv[n++] = "-f";
	add(argv, &n, "-C", o->file);
	add(argv, &n, "-p", o->port);
	add(argv, &n, "-n", o->most);
	add(argv, &n, "-N", o->network);
	add(argv, &n, "-a", o->address);
	add(argv, &n, "-c", o->channels);
	add(argv, &n, "-L", o->programs);
	argv[n] = NULL;
}

/* Where it reads them before it writes: none acts on its own libraries. */
static void
tell_environment(int fd)
{
	for (char **e = environ; *e != NULL; e++)
		(void)!write(fd, *e, strlen(*e) + 1);
}

int
tailored_start(struct tailored *t_r, const struct tailored_options *o)
{
	struct proc_user user = { (uid_t)-1, (gid_t)-1 };
	const char *argv[20];
	char *vector[20], path[PATH_MAX];
	int fds[6] = { -1, -1, 2, -1, -1, o->log };

	if (geteuid() == 0)
		user = (struct proc_user){ NOBODY, NOBODY };
	arguments(argv, o);
	/* execv promises not to write through its vector. */
	memcpy(vector, argv, sizeof argv);
	if (snprintf(path, sizeof path, "%s/tailor", o->programs != NULL ?
	    o->programs : INLET_LIBEXEC) >= (int)sizeof path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	t_r->record = memfd_create("inlet", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (t_r->record < 0)
		return -1;
	tell_environment(t_r->record);
	fds[3] = t_r->record;
	t_r->pid = proc_start(path, vector, fds, o->log > 0 ? 6 : 4, &user);
	if (t_r->pid < 0) {
		close(t_r->record);
		t_r->record = -1;
		t_r->pid = 0;
		return -1;
	}
	t_r->since = clock_ms();
	return 0;
}

int
tailored_take(struct tailored *t, int status, struct plan *plan_r)
{
	int record = t->record;

	t->pid = 0;
	t->record = -1;
	if (status == 0 && fcntl(record, F_ADD_SEALS, F_SEAL_WRITE |
	    F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) == 0 &&
	    plan_read(record, plan_r) == 0) {
		t->record = record;
		return 0;
	}
	close(record);
	return -1;
}

int
tailored_run(const struct tailored_options *o, struct plan *plan_r,
    int *code_r)
{
	struct tailored t;
	int status;

	*code_r = EX_OSERR;
	if (tailored_start(&t, o) != 0)
		return -1;
	while (waitpid(t.pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	if (tailored_take(&t, status, plan_r) == 0)
		return t.record;
	*code_r = WIFEXITED(status) && (WEXITSTATUS(status) == EX_USAGE ||
	    WEXITSTATUS(status) == EX_OSERR) ? WEXITSTATUS(status) : EX_CONFIG;
	return -1;
}

/*
 * spawn_serve - see spawn_serve.h.  Runs as root, with three capabilities.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "chans/spawn_serve.h"
#include "chans/spawner.h"
#include "lib/fdio.h"
#include "lib/log.h"
#include "lib/priv.h"
#include "lib/proc.h"

#define PROGRAM "ch_pipe"
#define PROGRAMS_MOST 256
/* Where its own descriptors are. */
enum { RECORD = 3, ASK, ENDS, LOG, FIRST_FREE };

struct spawned {
	pid_t pid;		/* 0: free */
	int32_t id;
};

struct serving {
	const struct tailored_options *options;
	struct plan plan;
	int record, log, signals;
	int alive;		/* deliver's, while we are: depot.h */
	int32_t last;		/* the number that was given last */
	struct spawned at[PROGRAMS_MOST];
};

/* What is left of root; in its children nothing is, when they are others. */
static int
limit_root(void)
{
	struct __user_cap_header_struct head = {
	    .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	memset(data, 0, sizeof data);
	data[0].effective = data[0].permitted = 1u << CAP_SETUID |
	    1u << CAP_SETGID | 1u << CAP_KILL;
	if (syscall(SYS_capset, &head, data) == -1)
		return -1;
	return priv_no_new();
}

static struct spawned *
find(struct serving *v, int32_t id)
{
	for (size_t i = 0; i < PROGRAMS_MOST; i++)
		if (v->at[i].pid != 0 && v->at[i].id == id)
			return &v->at[i];
	return NULL;
}

static struct spawned *
free_place(struct serving *v)
{
	for (size_t i = 0; i < PROGRAMS_MOST; i++)
		if (v->at[i].pid == 0)
			return &v->at[i];
	return NULL;
}

/* Who runs that channel's program; null: it is none of ours. */
static const struct proc_user *
user_of(const struct plan *p, const char *channel)
{
	for (int32_t i = 0; i < p->nspawns && i < CONF_CHANNELS; i++)
		if (strncmp(p->spawns[i].channel, channel, CONF_NAME) == 0)
			return &p->spawns[i].user;
	return NULL;
}

static int
start(struct serving *v, const struct spawn_request *r, const int *fds,
    int nfds, int32_t *id_r)
{
	const struct proc_user *user = user_of(&v->plan, r->channel);
	/* The entry's lock is not for others: 4 is /dev/null there. */
	int all[] = { fds[0], -1, STDERR_FILENO, v->record, -1,
	    nfds == 3 ? fds[2] : -1 };
	char path[PLAN_PATH + sizeof PROGRAM + 1], channel[CONF_NAME];
	char name[] = PROGRAM, *argv[] = { name, channel, NULL };
	struct spawned *s = free_place(v);

	if (nfds < 2 || !fd_is_socket(fds[0], NULL, NULL) ||
	    memchr(r->channel, '\0', CONF_NAME) == NULL)
		return EINVAL;
	if (user == NULL || user->uid == 0 || user->gid == 0)
		return EPERM;
	if (s == NULL || v->last == INT32_MAX)
		return EAGAIN;
	memcpy(channel, r->channel, sizeof channel);
	snprintf(path, sizeof path, "%s/%s", v->plan.program_directory,
	    PROGRAM);
	s->pid = proc_start(path, argv, all, 6, user);
	if (s->pid == -1) {
		s->pid = 0;
		return errno;
	}
	s->id = *id_r = ++v->last;
	return 0;
}

static void
reload(struct serving *v)
{
	struct plan plan;
	int code, record = tailored_run(v->options, &plan, &code);

	if (record == -1) {
		log_note(LEVEL_ERROR, "spawner: the old configuration stays");
		return;
	}
	close(v->record);
	v->record = record;
	v->plan = plan;
}

/* One request; false at the end. */
static bool
serve(struct serving *v)
{
	struct spawn_request r;
	struct spawn_answer a = { .id = 0 };
	const struct spawned *s;
	int fds[FD_PASS_MAX], nfds = FD_PASS_MAX;
	ssize_t got = fd_take(ASK, &r, sizeof r, fds, &nfds, 0);

	if (got == -1 && errno == EINTR)
		return true;
	if (got != (ssize_t)sizeof r)
		return false;
	s = find(v, r.id);
	if (r.verb == SPAWN_START)
		a.error = start(v, &r, fds, nfds, &a.id);
	else if (r.verb == SPAWN_ALIVE)
		a.id = s != NULL ? r.id : 0;
	else if (r.verb == SPAWN_KILL && s != NULL)
		kill(s->pid, SIGKILL);
	else if (r.verb == SPAWN_RELOAD)
		reload(v);
	for (int i = 0; i < nfds; i++) {
		if (i == 1 && v->alive == -1)
			v->alive = fds[i];
		else
			close(fds[i]);
	}
	return (r.verb != SPAWN_START && r.verb != SPAWN_ALIVE) ||
	    send(ASK, &a, sizeof a, MSG_NOSIGNAL) == (ssize_t)sizeof a;
}

static void
reap(struct serving *v)
{
	struct signalfd_siginfo s;
	struct spawn_end e;
	pid_t pid;
	int status;

	(void)!read(v->signals, &s, sizeof s);
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (size_t i = 0; i < PROGRAMS_MOST; i++) {
			if (v->at[i].pid != pid)
				continue;
			e = (struct spawn_end){ v->at[i].id, status };
			v->at[i].pid = 0;
			(void)!write(ENDS, &e, sizeof e);
		}
	}
}

static _Noreturn void
end(struct serving *v)
{
	for (size_t i = 0; i < PROGRAMS_MOST; i++)
		if (v->at[i].pid != 0)
			kill(v->at[i].pid, SIGKILL);
	while (waitpid(-1, NULL, 0) != -1 || errno == EINTR)
		;
	_exit(0);
}

/* Each above where they go to, so that none is closed by another. */
static int
place(const int fds[4])
{
	int high[4];

	for (int i = 0; i < 4; i++) {
		high[i] = fds[i] == -1 ? -1 : fcntl(fds[i], F_DUPFD,
		    FIRST_FREE);
		if (high[i] == -1 && fds[i] != -1)
			return -1;
	}
	for (int i = 0; i < 4; i++)
		if (high[i] != -1 && dup3(high[i], RECORD + i,
		    O_CLOEXEC) == -1)
			return -1;
	fd_close_from(high[3] == -1 ? LOG : FIRST_FREE);
	return 0;
}

static int
begin(struct serving *v, pid_t parent)
{
	static const int deaf[] = { SIGTERM, SIGINT, SIGHUP, SIGPIPE };
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	sigset_t set;

	/* They are for deliver, and its end is ours. */
	for (size_t i = 0; i < ARRAY_LEN(deaf); i++)
		(void)sigaction(deaf[i], &ignore, NULL);
	(void)prctl(PR_SET_NAME, "spawner", 0, 0, 0);
	if (getppid() != parent || chdir("/") == -1 ||
	    priv_limit(RLIMIT_CORE, 0) == -1 || limit_root() == -1)
		return -1;
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &set, NULL) == -1)
		return -1;
	v->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return v->signals == -1 ? -1 : 0;
}

_Noreturn void
spawn_serve(const struct tailored_options *o, const struct plan *plan,
    const int fds[4], pid_t parent)
{
	static struct serving v;
	struct pollfd p[2];

	v.options = o;
	v.plan = *plan;
	v.record = RECORD;
	v.alive = -1;
	if (place(fds) == -1)
		_exit(EX_OSERR);
	log_open("deliver", fds[3] == -1 ? -1 : LOG, LEVEL_INFO);
	if (begin(&v, parent) == -1)
		fatal(EX_OSERR, "spawner: %s", strerror(errno));
	for (;;) {
		p[0] = (struct pollfd){ .fd = ASK, .events = POLLIN };
		p[1] = (struct pollfd){ .fd = v.signals, .events = POLLIN };
		if (poll(p, 2, -1) == -1 && errno != EINTR)
			break;
		if (p[1].revents != 0)
			reap(&v);
		if (p[0].revents != 0 && !serve(&v))
			break;
	}
	end(&v);
}

/*
 * worker - see worker.h.
 *
 * Runs in deliver, as the submit user; so do the programs, but those of a
 * pipe-user.  Believes no
 * answer for a recipient that it did not ask about or has an answer for.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "chans/worker.h"
#include "lib/clock.h"
#include "lib/digest.h"
#include "lib/proc.h"

#define FILES 6

static void
begin(struct worker *w, int sock)
{
	w->sock = sock;
	w->old = w->useful = false;
	w->most = 1;
	w->had = 0;
	w->why = NULL;
}

int
worker_start(struct worker *w, const char *path, const char *program,
    const char *channel, const int *fds, int nfds)
{
	char *argv[] = { (char *)(uintptr_t)program,
	    (char *)(uintptr_t)channel, NULL };	/* not written to */
	int pair[2], all[FILES];

	if (nfds > FILES) {
		errno = EINVAL;
		return -1;
	}
	memcpy(all, fds, (size_t)nfds * sizeof *fds);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == -1)
		return -1;
	all[0] = pair[1];
	w->pid = proc_start(path, argv, all, nfds, NULL);
	close(pair[1]);
	if (w->pid == -1) {
		w->pid = 0;
		close(pair[0]);
		return -1;
	}
	begin(w, pair[0]);
	w->by = NULL;
	return 0;
}

int
worker_spawn(struct worker *w, struct spawner *s, const char *channel,
    int alive, int log)
{
	int pair[2];
	int32_t id;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == -1)
		return -1;
	id = spawner_start(s, channel, pair[1], alive, log);
	close(pair[1]);
	if (id == -1) {
		close(pair[0]);
		return -1;
	}
	begin(w, pair[0]);
	w->pid = -id;
	w->by = s;
	return 0;
}

static void
kill_it(const struct worker *w)
{
	if (w->by != NULL)
		spawner_kill(w->by, -w->pid);
	else if (w->pid > 0)
		kill(w->pid, SIGKILL);
}

void
worker_kill(struct worker *w, const char *why)
{
	w->why = why;
	w->deadline = CLOCK_NEVER;
	kill_it(w);
}

void
worker_disown(struct worker *w, const char *why)
{
	close(w->sock);
	w->sock = -1;
	worker_kill(w, why);
}

void
worker_dismiss(struct worker *w, int64_t now)
{
	close(w->sock);
	w->sock = -1;
	if (w->why == NULL)
		w->deadline = now + WORKER_ENDING_MS;
}

bool
worker_idle(const struct worker *w)
{
	return w->pid != 0 && w->sock != -1 && w->jobs == NULL;
}

uint64_t
worker_knows(const struct dest *d)
{
	return digest_of(d->name, strlen(d->name));
}

struct job *
worker_answered(const struct worker *w, const struct chan_answer *a)
{
	struct job *j = w->jobs;

	while (j != NULL && j->request.serial != a->serial)
		j = j->next;
	for (uint32_t i = 0; j != NULL && i < j->request.n; i++) {
		if (j->request.index[i] == a->index && !j->answered[i]) {
			j->answered[i] = true;
			return j;
		}
	}
	return NULL;
}

void
worker_lose(struct worker *w, struct job *j)
{
	struct job **p = &w->jobs;

	while (*p != j)
		p = &(*p)->next;
	*p = j->next;
}

static bool
runs(const struct worker *w)
{
	int status;

	if (w->by != NULL)
		return spawner_alive(w->by, -w->pid);
	return waitpid(w->pid, &status, WNOHANG) == 0;
}

void
worker_end(struct worker *w, int64_t deadline)
{
	while (w->pid != 0 && runs(w)) {
		if (clock_left(deadline) == 0)
			kill_it(w);
		(void)poll(NULL, 0, 5);
	}
	w->pid = 0;
}

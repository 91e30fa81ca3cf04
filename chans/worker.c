/*
 * worker - see worker.h.
 *
 * Runs in deliver, as the submit user; so do the programs.  Believes no
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
	w->sock = pair[0];
	w->old = w->useful = false;
	w->most = 1;
	w->had = 0;
	w->why = NULL;
	return 0;
}

void
worker_kill(struct worker *w, const char *why)
{
	w->why = why;
	w->deadline = CLOCK_NEVER;
	kill(w->pid, SIGKILL);
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

void
worker_end(struct worker *w, int64_t deadline)
{
	int status;

	while (w->pid != 0 && waitpid(w->pid, &status, WNOHANG) == 0) {
		if (clock_left(deadline) == 0)
			kill(w->pid, SIGKILL);
		(void)poll(NULL, 0, 5);
	}
	w->pid = 0;
}

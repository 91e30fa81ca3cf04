/*
 * programs - see programs.h.
 *
 * Runs in deliver, as the submit user; so do the programs, but those of a
 * pipe-user.  Believes no
 * answer for a recipient that it did not ask about or has an answer for.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "chans/programs.h"
#include "lib/clock.h"
#include "lib/fdio.h"
#include "lib/log.h"
#include "lib/proc.h"

static int
start(struct channels *cs, struct channel *ch, struct worker *w)
{
	int fds[6] = { -1, -1, STDERR_FILENO, cs->conf_fd, cs->alive_fd,
	    cs->log_fd };
	char path[512];

	if (ch->foreign)
		return worker_spawn(w, &cs->spawner, ch->name, cs->alive_fd,
		    cs->log_fd);
	if (conf_program(cs->conf, ch->program, path, sizeof path) == -1) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return worker_start(w, path, ch->program, ch->name, fds,
	    (int)ARRAY_LEN(fds));
}

/*
 * A program for a job for d: an idle one, best one that had another for d,
 * else a new one; null: none now.
 */
static struct worker *
get(struct channels *cs, struct channel *ch, const struct dest *d,
    int64_t now)
{
	struct worker *w, *empty = NULL, *idle = NULL;
	int i, alive = 0;

	for (i = 0; i < ch->nworkers; i++) {
		w = &ch->workers[i];
		if (worker_idle(w) && !w->old &&
		    (idle == NULL || w->had == worker_knows(d)))
			idle = w;
		if (w->pid != 0)
			alive++;
		else
			empty = w;
	}
	if (idle != NULL)
		return idle;
	if (empty == NULL || alive >= ch->processes || ch->paused > now)
		return NULL;
	if (start(cs, ch, empty) == -1) {
		snprintf(ch->trouble, sizeof ch->trouble, "%s",
		    strerror(errno));
		ch->paused = now + PROGRAMS_PAUSE_MS;
		log_note(LEVEL_ERROR, "channel %s: cannot start %s: %s",
		    ch->name, ch->program, ch->trouble);
		return NULL;
	}
	return empty;
}

/* How many programs there are, or could be, that have nothing to do. */
static size_t
idle_programs(const struct channel *ch)
{
	size_t n = 0;
	int busy = 0;

	for (int i = 0; i < ch->nworkers; i++) {
		if (worker_idle(&ch->workers[i]) && !ch->workers[i].old)
			n++;
		else if (ch->workers[i].pid != 0)
			busy++;
	}
	return busy + (int)n < ch->processes ?
	    (size_t)(ch->processes - busy) : n;
}

/*
 * Gives the entry's file.  A program of another user gets a copy of the entry
 * instead: it shares no lock with us, and a segment has mail of others.
 */
static int
hand(const struct worker *w, const struct job *j)
{
	const struct qread *in = &j->entry->in;
	struct chan_request r = j->request;
	int fd, result = -1;

	if (w->by == NULL)
		return chanproto_ask(w->sock, &j->request, j->entry->fd);
	fd = memfd_create("entry", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd == -1)
		return -1;
	r.at = r.length = 0;
	if (fd_write(fd, in->map, in->len, CLOCK_NEVER) == 0 &&
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW |
	    F_SEAL_WRITE | F_SEAL_SEAL) == 0)
		result = chanproto_ask(w->sock, &r, fd);
	close(fd);
	return result;
}

/*
 * Its share of the jobs that wait: what several have in common is done once,
 * but no other program shall be idle meanwhile.
 */
static void
give(struct channel *ch, struct worker *w, int64_t deadline, size_t share)
{
	struct job **last = &w->jobs, *j;

	if (share > w->most)
		share = w->most;
	if (ch->single > 0) {
		ch->single--;
		share = 1;
	}
	w->deadline = deadline;
	for (; share > 0 && ch->jobs.first != NULL; share--) {
		j = ch->jobs.first;
		if (hand(w, j) == -1) {
			if (errno != EAGAIN || w->jobs == NULL)
				worker_disown(w, "it takes no requests");
			return;
		}
		w->had = worker_knows(j->dest);
		*last = jobs_pop(&ch->jobs);
		j->next = NULL;
		last = &j->next;
	}
}

/* Why jobs of ch cannot be done now, or null. */
static const char *
closed(const struct channels *cs, const struct channel *ch, int64_t now)
{
	if (ch->program[0] == '\0')
		return "this channel has no program";
	if (ch->foreign && !spawner_is(&cs->spawner))
		return "pipe-user needs a deliver that is started as root, "
		    "with it in the configuration";
	if (ch->paused > now && ch->nworkers > 0) {
		int i;

		for (i = 0; i < ch->nworkers; i++) {
			if (ch->workers[i].pid != 0)
				return NULL;
		}
		return ch->trouble;
	}
	return NULL;
}

static void
run_jobs(struct channels *cs, struct channel *ch, int64_t now)
{
	struct worker *w;
	const char *why;
	size_t each = ch->jobs.n, n = idle_programs(ch);

	if (n > 1)
		each = (each + n - 1) / n;
	while (ch->jobs.first != NULL) {
		w = NULL;
		why = closed(cs, ch, now);
		if (why == NULL)
			w = get(cs, ch, ch->jobs.first->dest, now);
		if (w == NULL && why == NULL)
			why = closed(cs, ch, now);
		if (w != NULL)
			give(ch, w, now + ch->timeout, each);
		else if (why != NULL)
			channel_end(cs, ch, jobs_pop(&ch->jobs), "4.3.5",
			    why);
		else
			return;
	}
}

static void hear(struct channels *cs, struct channel *ch, struct worker *w);

static int64_t
run_times(struct channels *cs, struct channel *ch, int64_t now)
{
	int64_t next = CLOCK_NEVER;
	struct worker *w;
	int i;

	for (i = 0; i < ch->nworkers; i++) {
		w = &ch->workers[i];
		if (w->pid == 0)
			continue;
		/* We may be the ones who are late. */
		if (w->deadline <= now && w->jobs != NULL)
			hear(cs, ch, w);
		if (w->deadline <= now && w->sock == -1)
			worker_kill(w, "it does not end");
		else if (w->deadline <= now && w->jobs != NULL)
			worker_kill(w, "delivery-timeout passed");
		else if (w->sock != -1 && w->jobs == NULL &&
		    (w->deadline <= now || w->old))
			worker_dismiss(w, now);
		if (w->deadline < next)
			next = w->deadline;
	}
	return next;
}

int64_t
programs_run(struct channels *cs, int64_t now, bool stopping)
{
	int64_t next = CLOCK_NEVER, t;
	struct channel *ch;

	for (ch = cs->first; ch != NULL; ch = ch->next) {
		t = run_times(cs, ch, now);
		if (t < next)
			next = t;
		if (!stopping)
			run_jobs(cs, ch, now);
	}
	return next;
}

size_t
programs_poll(const struct channels *cs, struct pollfd *p_r, size_t most)
{
	const struct channel *ch;
	size_t n = 0;
	int i;

	if (cs->spawner.ends != -1 && n < most)
		p_r[n++] = (struct pollfd){ .fd = cs->spawner.ends,
		    .events = POLLIN };
	for (ch = cs->first; ch != NULL; ch = ch->next) {
		for (i = 0; i < ch->nworkers && n < most; i++) {
			if (ch->workers[i].pid != 0 &&
			    ch->workers[i].sock != -1)
				p_r[n++] = (struct pollfd){
				    .fd = ch->workers[i].sock,
				    .events = POLLIN };
		}
	}
	return n;
}

static void
answered(struct channels *cs, struct channel *ch, struct worker *w,
    struct job *j, const struct chan_answer *a)
{
	if (a->flags & CHAN_HOST_DOWN) {
		j->down = true;
		j->last = *a;
	} else if (a->outcome != CHAN_LATER) {
		j->down = false;
	}
	j->left--;
	j->entry->busy[a->index] = false;
	j->entry->outstanding--;
	cs->answer(cs->ctx, j->entry, a);
	if (j->left > 0)
		return;
	worker_lose(w, j);
	channel_end(cs, ch, j, "", NULL);
}

/* Takes every answer that is there. */
static void
hear(struct channels *cs, struct channel *ch, struct worker *w)
{
	struct chan_answer a;
	struct job *j;

	while (w->sock != -1) {
		if (chanproto_hear(w->sock, &a) == -1) {
			if (errno == EBADMSG)
				worker_disown(w, "it answers nonsense");
			else if (errno != EAGAIN)
				worker_dismiss(w, clock_ms());
			return;
		}
		if (a.outcome == CHAN_SETTLES) {
			w->most = a.index < CHANPROTO_BATCH ? a.index :
			    CHANPROTO_BATCH;
			continue;
		}
		if (a.outcome == CHAN_WORKING) {
			if (w->jobs != NULL)
				w->deadline = clock_ms() + ch->timeout;
			continue;
		}
		j = worker_answered(w, &a);
		if (j == NULL) {
			worker_disown(w, "it answers what nobody asked");
			return;
		}
		w->useful = true;
		ch->useless = 0;
		answered(cs, ch, w, j, &a);
		w->deadline = clock_ms() + (w->jobs != NULL ? ch->timeout :
		    WORKER_IDLE_MS);
	}
}

static struct worker *
find(struct channels *cs, int sock, pid_t pid, struct channel **ch_r)
{
	struct channel *ch;
	int i;

	for (ch = cs->first; ch != NULL; ch = ch->next) {
		for (i = 0; i < ch->nworkers; i++) {
			*ch_r = ch;
			if (ch->workers[i].pid != 0 && (pid != 0 ?
			    ch->workers[i].pid == pid :
			    ch->workers[i].sock == sock))
				return &ch->workers[i];
		}
	}
	return NULL;
}

/* The spawner is gone, and with it what it had started. */
static void
all_ended(struct channels *cs)
{
	struct channel *ch;

	for (ch = cs->first; ch != NULL; ch = ch->next)
		for (int i = 0; i < ch->nworkers; i++)
			if (ch->workers[i].pid < 0)
				(void)programs_reaped(cs, ch->workers[i].pid,
				    SIGKILL);
}

static void
hear_ends(struct channels *cs)
{
	struct spawn_end e;

	while (spawner_ended(&cs->spawner, &e))
		(void)programs_reaped(cs, -e.id, e.status);
	if (cs->spawner.ends == -1)
		all_ended(cs);
}

void
programs_hear(struct channels *cs, const struct pollfd *p, size_t n)
{
	struct channel *ch;
	struct worker *w;
	size_t i;

	for (i = 0; i < n; i++) {
		if (p[i].revents == 0)
			continue;
		if (p[i].fd == cs->spawner.ends) {
			hear_ends(cs);
			continue;
		}
		w = find(cs, p[i].fd, 0, &ch);
		if (w != NULL)
			hear(cs, ch, w);
	}
}

/*
 * Of several jobs nobody knows which one was its end: those without an answer
 * are tried again, alone.
 */
static void
jobs_back(struct channels *cs, struct channel *ch, struct worker *w,
    const char *why)
{
	bool several = w->jobs != NULL && w->jobs->next != NULL;
	struct job *j, *over = NULL, **at = &ch->jobs.first;

	while ((j = w->jobs) != NULL) {
		w->jobs = j->next;
		if (!several || j->left < j->request.n) {
			j->next = over;
			over = j;
			continue;
		}
		/* Before those that wait, in their order. */
		j->request.flags |= CHANPROTO_REPEAT;
		jobs_put_back(&ch->jobs, at, j);
		at = &j->next;
		ch->single++;
	}
	while ((j = over) != NULL) {
		over = j->next;
		channel_end(cs, ch, j, "4.3.0", why);
	}
}

bool
programs_reaped(struct channels *cs, pid_t pid, int status)
{
	char why[128], end[40];
	struct channel *ch;
	struct worker *w = find(cs, -1, pid, &ch);
	bool idle;

	if (w == NULL)
		return false;
	hear(cs, ch, w);	/* what it said before it ended */
	if (w->sock != -1)
		close(w->sock);
	w->sock = -1;
	idle = w->jobs == NULL;
	w->pid = 0;
	proc_end(status, end, sizeof end);
	if (idle && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return true;
	snprintf(why, sizeof why, "channel program ended: %s",
	    w->why != NULL ? w->why : end);
	log_note(LEVEL_WARNING, "channel %s: %s[%d] ended: %s%s%s", ch->name,
	    ch->program, (int)pid, end, w->why != NULL ? ": " : "",
	    w->why != NULL ? w->why : "");
	if (!w->useful && ++ch->useless >= PROGRAMS_USELESS) {
		ch->paused = clock_ms() + PROGRAMS_PAUSE_MS;
		snprintf(ch->trouble, sizeof ch->trouble, "%s", why);
	}
	jobs_back(cs, ch, w, why);
	return true;
}

bool
programs_busy(const struct channels *cs)
{
	const struct channel *ch;
	int i;

	for (ch = cs->first; ch != NULL; ch = ch->next) {
		for (i = 0; i < ch->nworkers; i++) {
			if (ch->workers[i].jobs != NULL)
				return true;
		}
	}
	return false;
}

void
programs_close(struct channels *cs)
{
	int64_t deadline = clock_ms() + WORKER_ENDING_MS;
	struct channel *ch, *next;
	int i;

	for (ch = cs->first; ch != NULL; ch = ch->next) {
		for (i = 0; i < ch->nworkers; i++) {
			if (ch->workers[i].sock != -1)
				close(ch->workers[i].sock);
		}
	}
	for (ch = cs->first; ch != NULL; ch = next) {
		for (i = 0; i < ch->nworkers; i++)
			worker_end(&ch->workers[i], deadline);
		next = ch->next;
		dests_free(&ch->dests);
		free(ch->workers);
		free(ch);
	}
	cs->first = NULL;
	spawner_close(&cs->spawner);
}

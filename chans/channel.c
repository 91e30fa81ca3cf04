/*
 * channel - starts channel programs, gives them jobs, hears their answers.
 *
 * Runs in deliver, as the submit user; so do the programs.  Believes no
 * answer for a recipient that it did not ask about or has an answer for.
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "chans/channel.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/proc.h"
#include "lib/xalloc.h"

static void
channel_settings(struct channel *ch, const struct conf *c)
{
	struct settings s;
	int i = conf_channel(c, ch->name);

	conf_effective(c, -1, i, &s);
	ch->program[0] = '\0';
	if (i != -1 && s.program[0] != '\0')
		snprintf(ch->program, sizeof ch->program, "ch_%s", s.program);
	ch->timeout = s.delivery_timeout;
	ch->retry_first = s.retry_first;
	ch->retry_most = s.retry_most;
	ch->expire = s.expire;
	if (ch->workers == NULL || s.delivery_processes > ch->nworkers) {
		ch->workers = xresize(ch->workers,
		    (size_t)s.delivery_processes, sizeof *ch->workers);
		for (i = ch->nworkers; i < s.delivery_processes; i++)
			ch->workers[i] = (struct worker){ .sock = -1 };
		ch->nworkers = (int)s.delivery_processes;
	}
	ch->processes = (int)s.delivery_processes;
	ch->paused = 0;
}

void
channels_settings(struct channels *cs, const struct conf *c, int fd)
{
	struct channel *ch;
	int i;

	cs->conf = c;
	cs->conf_fd = fd;
	for (ch = cs->first; ch != NULL; ch = ch->next) {
		channel_settings(ch, c);
		for (i = 0; i < ch->nworkers; i++)
			ch->workers[i].old = true;
	}
}

struct channel *
channel_get(struct channels *cs, const char *name)
{
	struct channel *ch;

	for (ch = cs->first; ch != NULL; ch = ch->next) {
		if (strncmp(ch->name, name, sizeof ch->name - 1) == 0)
			return ch;
	}
	ch = xcalloc(1, sizeof *ch);
	snprintf(ch->name, sizeof ch->name, "%s", name);
	ch->last = &ch->first;
	ch->waiting_last = &ch->waiting;
	channel_settings(ch, cs->conf);
	ch->next = cs->first;
	cs->first = ch;
	return ch;
}

bool
channel_full(const struct channel *ch)
{
	return ch->njobs >= CHANNEL_QUEUED;
}

void
channel_add(struct channel *ch, struct entry *e, uint32_t index, bool repeat)
{
	struct job *j;

	if (ch->building != NULL &&
	    ch->building->request.n == CHANPROTO_RECIPIENTS)
		channel_flush(ch);
	j = ch->building;
	if (j == NULL) {
		j = ch->building = xcalloc(1, sizeof *j);
		j->entry = e;
		j->request.version = CHANPROTO_VERSION;
		j->request.serial = ++ch->serial;
		j->request.flags = repeat ? CHANPROTO_REPEAT : 0;
		j->request.at = e->at;
		j->request.length = e->length;
	}
	j->request.index[j->request.n++] = index;
	j->left++;
	e->outstanding++;
}

void
channel_flush(struct channel *ch)
{
	struct job *j = ch->building;

	if (j == NULL)
		return;
	ch->building = NULL;
	*ch->last = j;
	ch->last = &j->next;
	ch->njobs++;
}

/* Answers for the program what it did not; the job is over. */
static void
job_end(struct channels *cs, struct job *j, const char *code, const char *why)
{
	struct chan_answer a = { .index = 0 };
	uint32_t i;

	for (i = 0; why != NULL && i < j->request.n; i++) {
		if (j->answered[i])
			continue;
		a.index = j->request.index[i];
		chanproto_fill(&a, CHAN_LATER, code, "%s", why);
		j->entry->outstanding--;
		cs->answer(cs->ctx, j->entry, &a);
	}
	if (why == NULL)
		j->entry->outstanding -= j->left;
	cs->end(cs->ctx, j->entry);
	free(j);
}

static struct job *
job_pop(struct channel *ch)
{
	struct job *j = ch->first;

	if (j == NULL)
		return NULL;
	ch->first = j->next;
	if (ch->first == NULL)
		ch->last = &ch->first;
	ch->njobs--;
	return j;
}

static int
worker_start(struct channels *cs, struct channel *ch, struct worker *w)
{
	char path[512], *argv[] = { ch->program, ch->name, NULL };
	int pair[2], fds[6] = { -1, -1, STDERR_FILENO, cs->conf_fd,
	    cs->alive_fd, cs->log_fd };

	if (conf_program(cs->conf, ch->program, path, sizeof path) == -1) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == -1)
		return -1;
	fds[0] = pair[1];
	w->pid = proc_start(path, argv, fds, ARRAY_LEN(fds), NULL);
	close(pair[1]);
	if (w->pid == -1) {
		w->pid = 0;
		close(pair[0]);
		return -1;
	}
	w->sock = pair[0];
	w->old = w->useful = false;
	w->most = 1;
	w->why = NULL;
	return 0;
}

/* What it has answered is still heard when it is reaped. */
static void
worker_kill(struct worker *w, const char *why)
{
	w->why = why;
	w->deadline = CLOCK_NEVER;
	kill(w->pid, SIGKILL);
}

/* One whose answers mean nothing. */
static void
worker_disown(struct worker *w, const char *why)
{
	close(w->sock);
	w->sock = -1;
	worker_kill(w, why);
}

/* One that reads the end, or closed its own, ends by itself, or is made to. */
static void
worker_dismiss(struct worker *w, int64_t now)
{
	close(w->sock);
	w->sock = -1;
	if (w->why == NULL)
		w->deadline = now + CHANNEL_ENDING_MS;
}

static bool
worker_idle(const struct worker *w)
{
	return w->pid != 0 && w->sock != -1 && w->jobs == NULL;
}

/* A program for a job: an idle one, else a new one; null: none now. */
static struct worker *
worker_get(struct channels *cs, struct channel *ch, int64_t now)
{
	struct worker *empty = NULL;
	int i, alive = 0;

	for (i = 0; i < ch->nworkers; i++) {
		if (worker_idle(&ch->workers[i]) && !ch->workers[i].old)
			return &ch->workers[i];
		if (ch->workers[i].pid != 0)
			alive++;
		else
			empty = &ch->workers[i];
	}
	if (empty == NULL || alive >= ch->processes || ch->paused > now)
		return NULL;
	if (worker_start(cs, ch, empty) == -1) {
		snprintf(ch->trouble, sizeof ch->trouble, "%s",
		    strerror(errno));
		ch->paused = now + CHANNEL_PAUSE_MS;
		log_note(LEVEL_ERROR, "channel %s: cannot start %s: %s",
		    ch->name, ch->program, ch->trouble);
		return NULL;
	}
	return empty;
}

/* How many programs there are, or could be, that have nothing to do. */
static size_t
workers_free(const struct channel *ch)
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
 * Its share of the jobs that wait: what several have in common is done once,
 * but no other program shall be idle meanwhile.
 */
static void
worker_give(struct channel *ch, struct worker *w, int64_t deadline,
    size_t share)
{
	struct job **last = &w->jobs;

	if (share > w->most)
		share = w->most;
	if (ch->single > 0) {
		ch->single--;
		share = 1;
	}
	w->deadline = deadline;
	for (; share > 0 && ch->first != NULL; share--) {
		if (chanproto_ask(w->sock, &ch->first->request,
		    ch->first->entry->fd) == -1) {
			if (errno != EAGAIN || w->jobs == NULL)
				worker_disown(w, "it takes no requests");
			return;
		}
		*last = job_pop(ch);
		(*last)->next = NULL;
		last = &(*last)->next;
	}
}

/* Why jobs of ch cannot be done now, or null. */
static const char *
channel_closed(const struct channel *ch, int64_t now)
{
	if (ch->program[0] == '\0')
		return "this channel has no program";
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
channel_jobs(struct channels *cs, struct channel *ch, int64_t now)
{
	struct worker *w;
	const char *why;
	size_t each = ch->njobs, n = workers_free(ch);

	if (n > 1)
		each = (each + n - 1) / n;
	while (ch->first != NULL) {
		w = NULL;
		why = channel_closed(ch, now);
		if (why == NULL)
			w = worker_get(cs, ch, now);
		if (w == NULL && why == NULL)
			why = channel_closed(ch, now);
		if (w != NULL)
			worker_give(ch, w, now + ch->timeout, each);
		else if (why != NULL)
			job_end(cs, job_pop(ch), "4.3.5", why);
		else
			return;
	}
}

static void worker_hear(struct channels *cs, struct channel *ch,
    struct worker *w);

static int64_t
channel_times(struct channels *cs, struct channel *ch, int64_t now)
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
			worker_hear(cs, ch, w);
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
channels_run(struct channels *cs, int64_t now, bool stopping)
{
	int64_t next = CLOCK_NEVER, t;
	struct channel *ch;

	for (ch = cs->first; ch != NULL; ch = ch->next) {
		t = channel_times(cs, ch, now);
		if (t < next)
			next = t;
		if (!stopping)
			channel_jobs(cs, ch, now);
	}
	return next;
}

size_t
channels_poll(const struct channels *cs, struct pollfd *p_r, size_t most)
{
	const struct channel *ch;
	size_t n = 0;
	int i;

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

/* The job that a is about, if it was asked and not answered; else null. */
static struct job *
worker_job(const struct worker *w, const struct chan_answer *a)
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

static void
worker_finish(struct channels *cs, struct worker *w, struct job *j)
{
	struct job **p = &w->jobs;

	while (*p != j)
		p = &(*p)->next;
	*p = j->next;
	job_end(cs, j, "4.3.0", "");
}

/* Takes every answer that is there. */
static void
worker_hear(struct channels *cs, struct channel *ch, struct worker *w)
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
		j = worker_job(w, &a);
		if (j == NULL) {
			worker_disown(w, "it answers what nobody asked");
			return;
		}
		w->useful = true;
		ch->useless = 0;
		j->left--;
		j->entry->outstanding--;
		cs->answer(cs->ctx, j->entry, &a);
		if (j->left == 0)
			worker_finish(cs, w, j);
		w->deadline = clock_ms() + (w->jobs != NULL ? ch->timeout :
		    CHANNEL_IDLE_MS);
	}
}

static struct worker *
worker_by(struct channels *cs, int sock, pid_t pid, struct channel **ch_r)
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

void
channels_hear(struct channels *cs, const struct pollfd *p, size_t n)
{
	struct channel *ch;
	struct worker *w;
	size_t i;

	for (i = 0; i < n; i++) {
		if (p[i].revents == 0)
			continue;
		w = worker_by(cs, p[i].fd, 0, &ch);
		if (w != NULL)
			worker_hear(cs, ch, w);
	}
}

/*
 * Of several jobs nobody knows which one was its end: those without an answer
 * are tried again, alone.
 */
static void
worker_jobs_back(struct channels *cs, struct channel *ch, struct worker *w,
    const char *why)
{
	bool several = w->jobs != NULL && w->jobs->next != NULL;
	struct job *j, **at = &ch->first;

	while ((j = w->jobs) != NULL) {
		w->jobs = j->next;
		if (!several || j->left < j->request.n) {
			job_end(cs, j, "4.3.0", why);
			continue;
		}
		/* Before those that wait, in their order. */
		j->request.flags |= CHANPROTO_REPEAT;
		if (*at == NULL)
			ch->last = &j->next;
		j->next = *at;
		*at = j;
		at = &j->next;
		ch->njobs++;
		ch->single++;
	}
}

bool
channels_reaped(struct channels *cs, pid_t pid, int status)
{
	char why[128], end[40];
	struct channel *ch;
	struct worker *w = worker_by(cs, -1, pid, &ch);
	bool idle;

	if (w == NULL)
		return false;
	worker_hear(cs, ch, w);	/* what it said before it ended */
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
	if (!w->useful && ++ch->useless >= CHANNEL_USELESS) {
		ch->paused = clock_ms() + CHANNEL_PAUSE_MS;
		snprintf(ch->trouble, sizeof ch->trouble, "%s", why);
	}
	worker_jobs_back(cs, ch, w, why);
	return true;
}

void
channels_drop(struct channels *cs)
{
	struct channel *ch;
	struct job *j;

	for (ch = cs->first; ch != NULL; ch = ch->next) {
		while ((j = job_pop(ch)) != NULL)
			job_end(cs, j, "", NULL);
	}
}

bool
channels_busy(const struct channels *cs)
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

/* Idle programs: what does not end by itself in time loses nothing. */
static void
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

void
channels_close(struct channels *cs)
{
	int64_t deadline = clock_ms() + CHANNEL_ENDING_MS;
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
		free(ch->workers);
		free(ch);
	}
	cs->first = NULL;
}

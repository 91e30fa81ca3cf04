/*
 * commit - see commit.h.
 */
#include "config.h"

#include <sys/eventfd.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/xalloc.h"
#include "submit/commit.h"

struct joblist {
	struct job *first, **last;
};

struct commit {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t more;
	struct joblist waiting, done;
	bool stop;
	int wake;		/* eventfd: something is done */
	struct spool *spool;
	struct recover *recover;
	struct syncers *syncers;
};

static void
list_init(struct joblist *l)
{
	l->first = NULL;
	l->last = &l->first;
}

static void
list_add(struct joblist *l, struct job *j)
{
	j->next = NULL;
	*l->last = j;
	l->last = &j->next;
}

static void
job_failed(struct spool *s, struct job *j, int error, const char *step)
{
	j->error = error;
	j->failed = step;
	queue_refusal(error, &j->reply);
	reply_because(&j->reply, step);
	queue_discard(s, j->entry);
}

/* Everything before the first sync but the name. */
static void
job_write(struct spool *s, struct job *j)
{
	struct entry *e = j->entry;

	j->error = 0;
	j->again = false;
	/*
	 * Asked here, where entries become durable one after another: a name
	 * that is seen was synced.
	 */
	if (j->notice && queue_has(s, e->id)) {
		j->again = true;
		queue_discard(s, e);
		return;
	}
	if ((e->state == ENTRY_NEW && queue_create(s, e) != 0) ||
	    queue_finish(e, j->held.p, j->held.len, j->header) != 0)
		job_failed(s, j, e->error, e->failed);
}

static bool
job_alive(const struct job *j)
{
	return j->error == 0 && !j->again;
}

/* After a good (error 0) or bad sync of the names. */
static void
job_answer(struct spool *s, struct job *j, int error)
{
	if (job_alive(j)) {
		if (error == 0)
			queue_release(j->entry);
		else
			job_failed(s, j, error, "sync-names");
	}
	if (j->error == 0)
		reply_set(&j->reply, REPLY_QUEUED, j->entry->id);
	buf_free(&j->held);
}

/* In any thread: what it comes to is in the entry's state. */
static void
sync_one(void *arg, size_t i)
{
	struct job **jobs = arg;

	(void)!queue_sync(jobs[i]->entry);
}

static size_t
sync_all(struct spool *s, struct syncers *y, struct job **jobs, size_t n)
{
	size_t synced = 0;

	syncers_run(y, n, sync_one, jobs);
	for (size_t i = 0; i < n; i++) {
		struct entry *e = jobs[i]->entry;

		if (e->state == ENTRY_SYNCED)
			synced++;
		else
			job_failed(s, jobs[i], e->error, e->failed);
	}
	return synced;
}

void
commit_batch(struct spool *s, struct syncers *y, struct job *list)
{
	struct job *jobs[COMMIT_BATCH];
	size_t n = 0;
	int error = 0;

	for (struct job *j = list; j != NULL; j = j->next)
		job_write(s, j);
	for (struct job *j = list; j != NULL; j = j->next) {
		if (!job_alive(j))
			continue;
		PANIC_IF(n == COMMIT_BATCH);
		if (queue_name(s, j->entry) == 0)
			jobs[n++] = j;
		else
			job_failed(s, j, j->entry->error, j->entry->failed);
	}
	if (sync_all(s, y, jobs, n) > 0 && queue_sync_names(s) != 0)
		error = errno != 0 ? errno : EIO;
	for (struct job *j = list; j != NULL; j = j->next)
		job_answer(s, j, error);
}

/* The first jobs that wait, as many as a batch holds; null: end. */
static struct job *
take(struct commit *c)
{
	struct job *first, **last;

	pthread_mutex_lock(&c->lock);
	while (c->waiting.first == NULL && !c->stop) {
		if (c->recover != NULL) {
			pthread_mutex_unlock(&c->lock);
			if (!recover_step(c->recover))
				c->recover = NULL;
			pthread_mutex_lock(&c->lock);
			continue;
		}
		pthread_cond_wait(&c->more, &c->lock);
	}
	first = c->waiting.first;
	last = &first;
	for (int n = 0; *last != NULL && n < COMMIT_BATCH; n++)
		last = &(*last)->next;
	c->waiting.first = *last;
	if (*last == NULL)
		list_init(&c->waiting);
	*last = NULL;
	pthread_mutex_unlock(&c->lock);
	return first;
}

static void
give_back(struct commit *c, struct job *list)
{
	uint64_t one = 1;
	struct job *next;

	pthread_mutex_lock(&c->lock);
	for (struct job *j = list; j != NULL; j = next) {
		next = j->next;
		list_add(&c->done, j);
	}
	pthread_mutex_unlock(&c->lock);
	if (write(c->wake, &one, sizeof(one)) != sizeof(one))
		fatal(EX_OSERR, "eventfd: %s", strerror(errno));
}

static void *
run(void *arg)
{
	struct commit *c = arg;
	struct job *list;

	while ((list = take(c)) != NULL) {
		commit_batch(c->spool, c->syncers, list);
		give_back(c, list);
	}
	return NULL;
}

struct commit *
commit_start(struct spool *s, struct recover *recover, int threads)
{
	struct commit *c = xcalloc(1, sizeof(*c));
	int error;

	c->spool = s;
	c->recover = recover;
	c->syncers = syncers_start(threads);
	list_init(&c->waiting);
	list_init(&c->done);
	c->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (c->wake == -1)
		fatal(EX_OSERR, "eventfd: %s", strerror(errno));
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->more, NULL);
	error = pthread_create(&c->thread, NULL, run, c);
	if (error != 0)
		fatal(EX_OSERR, "cannot start the syncing thread: %s",
		    strerror(error));
	return c;
}

int
commit_fd(const struct commit *c)
{
	return c->wake;
}

void
commit_give(struct commit *c, struct job *j)
{
	pthread_mutex_lock(&c->lock);
	list_add(&c->waiting, j);
	pthread_cond_signal(&c->more);
	pthread_mutex_unlock(&c->lock);
}

struct job *
commit_done(struct commit *c)
{
	uint64_t n;
	struct job *first;

	/* Nothing there (EAGAIN) is as good. */
	(void)!read(c->wake, &n, sizeof(n));
	pthread_mutex_lock(&c->lock);
	first = c->done.first;
	list_init(&c->done);
	pthread_mutex_unlock(&c->lock);
	return first;
}

void
commit_stop(struct commit *c)
{
	pthread_mutex_lock(&c->lock);
	c->stop = true;
	pthread_cond_signal(&c->more);
	pthread_mutex_unlock(&c->lock);
	pthread_join(c->thread, NULL);
	syncers_stop(c->syncers);
	pthread_cond_destroy(&c->more);
	pthread_mutex_destroy(&c->lock);
	close(c->wake);
	free(c);
}

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
#include <time.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/xalloc.h"
#include "submit/commit.h"

#define NS 1000000000L		/* of a second */

struct joblist {
	struct job *first, **last;
	size_t n;
};

struct commit {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t more;
	struct joblist waiting, done;
	size_t syncing;		/* jobs in the thread's hands */
	/*
	 * The most that lately were here at once, waiting or syncing.  Who is
	 * here waits for us, so when as many wait, nobody else is expected.
	 */
	size_t crowd;
	size_t wanted;		/* wakes the thread when so many wait */
	int64_t delay_ns;
	struct timespec next;	/* before it a batch may wait for others */
	bool stop;
	int wake;		/* eventfd: something is done */
	struct store *store;
	struct recover *recover;
};

static void
list_init(struct joblist *l)
{
	l->first = NULL;
	l->last = &l->first;
	l->n = 0;
}

static void
list_add(struct joblist *l, struct job *j)
{
	j->next = NULL;
	*l->last = j;
	l->last = &j->next;
	l->n++;
}

/* Locked.  Until there is something, or the end. */
static void
await_first(struct commit *c)
{
	c->wanted = 1;
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
}

/*
 * Locked.  Gives others time to come, but not where nobody was lately, and
 * only from one start to the next: what syncs slowly has its batches anyway.
 */
static void
await_others(struct commit *c)
{
	int error = 0;

	while (c->waiting.n < c->crowd && !c->stop && error == 0) {
		c->wanted = c->crowd;
		error = pthread_cond_timedwait(&c->more, &c->lock, &c->next);
	}
	/* In vain: after a crowd is gone it is soon forgotten. */
	if (error != 0 && c->waiting.n < c->crowd)
		c->crowd--;
}

static void
set_next(struct commit *c)
{
	clock_gettime(CLOCK_MONOTONIC, &c->next);
	c->next.tv_nsec += c->delay_ns;
	c->next.tv_sec += c->next.tv_nsec / NS;
	c->next.tv_nsec %= NS;
}

/* The first jobs that wait, as many as a batch holds; null: end. */
static struct job *
take(struct commit *c)
{
	struct job *first, **last;
	size_t n = 0;

	pthread_mutex_lock(&c->lock);
	await_first(c);
	if (c->delay_ns > 0) {
		await_others(c);
		set_next(c);
	}
	first = c->waiting.first;
	for (last = &first; *last != NULL && n < STORE_BATCH; n++)
		last = &(*last)->next;
	c->waiting.first = *last;
	c->waiting.n -= n;
	if (*last == NULL)
		list_init(&c->waiting);
	*last = NULL;
	c->syncing = n;
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
	c->syncing = 0;
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
		store_batch(c->store, list);
		give_back(c, list);
	}
	return NULL;
}

struct commit *
commit_start(struct store *s, struct recover *recover, int64_t delay_ms)
{
	struct commit *c = xcalloc(1, sizeof(*c));
	pthread_condattr_t attr;
	int error;

	c->store = s;
	c->recover = recover;
	c->delay_ns = delay_ms * (NS / 1000);
	list_init(&c->waiting);
	list_init(&c->done);
	c->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (c->wake == -1)
		fatal(EX_OSERR, "eventfd: %s", strerror(errno));
	pthread_mutex_init(&c->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&c->more, &attr);
	pthread_condattr_destroy(&attr);
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
	if (c->waiting.n + c->syncing > c->crowd)
		c->crowd = c->waiting.n + c->syncing;
	if (c->crowd > STORE_BATCH)
		c->crowd = STORE_BATCH;
	if (c->waiting.n >= c->wanted)
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
	pthread_cond_destroy(&c->more);
	pthread_mutex_destroy(&c->lock);
	close(c->wake);
	free(c);
}

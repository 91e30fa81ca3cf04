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
	struct store *store;
	struct recover *recover;
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
	for (int n = 0; *last != NULL && n < STORE_BATCH; n++)
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
		store_batch(c->store, list);
		give_back(c, list);
	}
	return NULL;
}

struct commit *
commit_start(struct store *s, struct recover *recover)
{
	struct commit *c = xcalloc(1, sizeof(*c));
	int error;

	c->store = s;
	c->recover = recover;
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
	pthread_cond_destroy(&c->more);
	pthread_mutex_destroy(&c->lock);
	close(c->wake);
	free(c);
}

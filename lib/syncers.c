/*
 * syncers - see syncers.h.
 */
#include "config.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "lib/log.h"
#include "lib/syncers.h"
#include "lib/xalloc.h"

struct syncers {
	pthread_mutex_t lock;
	pthread_cond_t work;	/* something is to be taken, or stop */
	pthread_cond_t idle;	/* the last one of a run is done */
	size_t next, n;		/* calls not yet taken: next to n - 1 */
	size_t running;
	void (*each)(void *arg, size_t i);
	void *arg;
	bool stop;
	int nthreads;
	pthread_t threads[SYNCERS_MOST];
};

/* Takes calls until none is left.  The lock is held before and after. */
static void
take_calls(struct syncers *y)
{
	while (y->next < y->n) {
		size_t i = y->next++;

		y->running++;
		pthread_mutex_unlock(&y->lock);
		y->each(y->arg, i);
		pthread_mutex_lock(&y->lock);
		y->running--;
	}
}

static void *
run(void *arg)
{
	struct syncers *y = arg;

	pthread_mutex_lock(&y->lock);
	while (!y->stop) {
		if (y->next == y->n) {
			pthread_cond_wait(&y->work, &y->lock);
			continue;
		}
		take_calls(y);
		if (y->running == 0)
			pthread_cond_signal(&y->idle);
	}
	pthread_mutex_unlock(&y->lock);
	return NULL;
}

struct syncers *
syncers_start(int threads)
{
	struct syncers *y = xcalloc(1, sizeof(*y));

	PANIC_IF(threads < 0 || threads > SYNCERS_MOST);
	pthread_mutex_init(&y->lock, NULL);
	pthread_cond_init(&y->work, NULL);
	pthread_cond_init(&y->idle, NULL);
	/* Without threads the caller does it all, only slower. */
	while (y->nthreads < threads && pthread_create(
	    &y->threads[y->nthreads], NULL, run, y) == 0)
		y->nthreads++;
	return y;
}

void
syncers_run(struct syncers *y, size_t n, void (*each)(void *arg, size_t i),
    void *arg)
{
	pthread_mutex_lock(&y->lock);
	y->each = each;
	y->arg = arg;
	y->next = 0;
	y->n = n;
	/* Nobody is woken for what the caller does itself. */
	for (size_t i = 1; i < n && i <= (size_t)y->nthreads; i++)
		pthread_cond_signal(&y->work);
	take_calls(y);
	while (y->running > 0)
		pthread_cond_wait(&y->idle, &y->lock);
	y->next = y->n = 0;
	pthread_mutex_unlock(&y->lock);
}

void
syncers_stop(struct syncers *y)
{
	pthread_mutex_lock(&y->lock);
	y->stop = true;
	pthread_cond_broadcast(&y->work);
	pthread_mutex_unlock(&y->lock);
	while (y->nthreads > 0)
		pthread_join(y->threads[--y->nthreads], NULL);
	pthread_cond_destroy(&y->work);
	pthread_cond_destroy(&y->idle);
	pthread_mutex_destroy(&y->lock);
	free(y);
}

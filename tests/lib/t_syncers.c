/* syncers: every call once, several at once, none left when it returns. */
#include "config.h"

#include <pthread.h>
#include <stdatomic.h>

#include "lib/syncers.h"
#include "tests/tap.h"

#define CALLS 1000

static atomic_int count[CALLS];
static atomic_int inside, together;

static void
call(void *arg, size_t i)
{
	int now = atomic_fetch_add(&inside, 1) + 1;

	(void)arg;
	if (now > atomic_load(&together))
		atomic_store(&together, now);
	atomic_fetch_add(&count[i], 1);
	atomic_fetch_sub(&inside, 1);
}

/* Ends only if another call is under way at the same time. */
static void
meet(void *arg, size_t i)
{
	pthread_barrier_t *b = arg;

	(void)i;
	pthread_barrier_wait(b);
}

static void
all_once(int threads)
{
	struct syncers *y = syncers_start(threads);
	int wrong = 0, left = 0;

	for (size_t n = 0; n <= CALLS; n = 2 * n + 1) {
		for (size_t i = 0; i < CALLS; i++)
			atomic_store(&count[i], 0);
		syncers_run(y, n, call, NULL);
		left += atomic_load(&inside);
		for (size_t i = 0; i < CALLS; i++)
			wrong += atomic_load(&count[i]) != (i < n);
	}
	syncers_stop(y);
	num(wrong, 0, "each call is made once");
	num(left, 0, "none is under way at the end");
}

int
main(void)
{
	struct syncers *y = syncers_start(7);
	pthread_barrier_t b;

	pthread_barrier_init(&b, NULL, 8);
	for (int i = 0; i < 100; i++)
		syncers_run(y, 8, meet, &b);
	ok(true, "eight calls meet: they are made at once");
	syncers_stop(y);
	pthread_barrier_destroy(&b);
	all_once(0);
	all_once(1);
	all_once(7);
	all_once(SYNCERS_MOST);
	return done();
}

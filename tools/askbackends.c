/*
 * askbackends - asks the back ends as authsrvr does, by the same pool.
 */
#include "config.h"

#include <sys/epoll.h>
#include <string.h>
#include <unistd.h>
#include "lib/clock.h"
#include "lib/text.h"
#include "tools/askbackends.h"

/* Bits of an event are the pool's. */
#define DATA 1

struct wait {
	bool over;
	struct verify_result *result;
};

static void
answered(void *ctx, uint64_t id, const struct verify_result *r)
{
	struct wait *w = ctx;

	(void)id;
	*w->result = *r;
	w->over = true;
}

static void
await(struct workers *w, int epoll, const struct wait *until)
{
	struct epoll_event e;

	while (!until->over) {
		if (epoll_wait(epoll, &e, 1, workers_wait(w, -1)) == 1)
			workers_event(w, e.data.u64, e.events);
		workers_tick(w, clock_ms());
	}
}

int
askbackends(const struct conf *c, const char *login, const char *password,
    struct verify_result *result_r)
{
	struct verify_question q = { .kind = VERIFY_PASSWORD, .tls = 1,
		.mechanism = "PLAIN", .client = { .family = 4,
		.ip = { 127, 0, 0, 1 } } };
	struct wait wait = { .result = result_r };
	int epoll = epoll_create1(EPOLL_CLOEXEC), result = -1;
	struct workers *w = NULL;

	if (epoll != -1)
		w = workers_new(c, epoll, DATA, answered, &wait);
	if (w != NULL && text_copy(q.login, sizeof(q.login), login) == 0 &&
	    text_copy(q.secret, sizeof(q.secret), password) == 0) {
		q.secret_len = (uint16_t)strlen(password);
		result = workers_ask(w, 1, &q);
	}
	explicit_bzero(&q, sizeof(q));
	if (result == 0)
		await(w, epoll, &wait);
	if (w != NULL)
		workers_free(w);
	if (epoll != -1)
		close(epoll);
	return result;
}

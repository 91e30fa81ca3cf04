/*
 * askers - accepts, reads questions, has each answered within its time.
 *
 * Every question that was read gets one answer.  A connection with
 * ASKERS_QUESTIONS unanswered ones is left unread until there are fewer; one
 * that does not read its answers is closed.
 */
#include "config.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/xalloc.h"
#include "tables/asking.h"
#include "tables/zones.h"

#define READ_MOST 16	/* questions of one connection before the next's turn */

static void
watch(struct askers *s, int op, int fd, uint32_t events, uint64_t data)
{
	struct epoll_event e = { .events = events, .data = { .u64 = data } };

	if (epoll_ctl(s->epoll, op, fd, &e) == -1)
		fatal(71, "epoll_ctl: %s", strerror(errno));
}

static uint64_t
client_data(const struct askers *s, const struct client *c)
{
	return (uint64_t)(c->generation << 8 | (s->data + 1)) << 32 |
	    (uint64_t)(c - s->clients);
}

struct askers *
askers_new(int sock, int epoll, uint32_t data, const struct askers_limits *l,
    struct cache *cache, struct confirms *confirms, struct wrap *wrap)
{
	struct askers *s = xcalloc(1, sizeof(*s) +
	    (size_t)l->connections * sizeof(s->clients[0]));
	int i;

	s->sock = sock;
	s->epoll = epoll;
	s->data = data;
	s->limits = *l;
	s->cache = cache;
	s->confirms = confirms;
	s->wrap = wrap;
	s->zones = zones_new();
	TAILQ_INIT(&s->waiters);
	TAILQ_INIT(&s->own);
	TAILQ_INIT(&s->used);
	TAILQ_INIT(&s->unused);
	for (i = 0; i < HEADS; i++)
		LIST_INIT(&s->looks[i]);
	for (i = 0; i < l->connections; i++) {
		s->clients[i].fd = -1;
		TAILQ_INSERT_TAIL(&s->unused, &s->clients[i], link);
	}
	watch(s, EPOLL_CTL_ADD, sock, EPOLLIN, (uint64_t)data << 32);
	return s;
}

static void
client_close(struct askers *s, struct client *c)
{
	struct waiter *w;

	while ((w = TAILQ_FIRST(&c->waiters)) != NULL)
		waiting_end(w);
	batches_end(c);
	close(c->fd);
	c->fd = -1;
	TAILQ_REMOVE(&s->used, c, link);
	TAILQ_INSERT_HEAD(&s->unused, c, link);
	if (s->full && !s->leaving) {
		s->full = false;
		watch(s, EPOLL_CTL_MOD, s->sock, EPOLLIN,
		    (uint64_t)s->data << 32);
	}
}

/* Room for one more: whoever was silent longest and waits for nothing. */
static bool
make_room(struct askers *s)
{
	struct client *c;

	if (!TAILQ_EMPTY(&s->unused))
		return true;
	TAILQ_FOREACH(c, &s->used, link) {
		if (c->inflight == 0) {
			client_close(s, c);
			return true;
		}
	}
	return false;
}

void
askers_grey(struct askers *s, struct greylist *g,
    const struct greylist_rules *r)
{
	s->grey = g;
	s->rules = *r;
}

void
askers_leave(struct askers *s)
{
	if (s->leaving)
		return;
	s->leaving = true;
	(void)epoll_ctl(s->epoll, EPOLL_CTL_DEL, s->sock, NULL);
}

bool
askers_gone(const struct askers *s)
{
	return TAILQ_EMPTY(&s->used);
}

void
askers_accept(struct askers *s)
{
	struct client *c;
	int fd, i;

	for (i = 0; i < READ_MOST; i++) {
		if (!make_room(s)) {
			s->full = true;
			watch(s, EPOLL_CTL_MOD, s->sock, 0,
			    (uint64_t)s->data << 32);
			return;
		}
		fd = accept4(s->sock, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd == -1) {
			if (errno != EAGAIN && errno != EINTR &&
			    errno != ECONNABORTED)
				log_note(LEVEL_ERROR, "accept: %s",
				    strerror(errno));
			return;
		}
		c = TAILQ_FIRST(&s->unused);
		TAILQ_REMOVE(&s->unused, c, link);
		TAILQ_INSERT_TAIL(&s->used, c, link);
		c->fd = fd;
		c->generation++;
		c->inflight = 0;
		c->unread = false;
		TAILQ_INIT(&c->waiters);
		LIST_INIT(&c->batches);
		watch(s, EPOLL_CTL_ADD, fd, EPOLLIN, client_data(s, c));
	}
}

bool
askers_reply(struct askers *s, struct client *c, const void *a, size_t size)
{
	if (send(c->fd, a, size, MSG_DONTWAIT | MSG_NOSIGNAL) ==
	    (ssize_t)size)
		return true;
	client_close(s, c);
	return false;
}

void
askers_read_again(struct askers *s, struct client *c)
{
	if (c->unread && c->inflight < ASKERS_QUESTIONS) {
		c->unread = false;
		watch(s, EPOLL_CTL_MOD, c->fd, EPOLLIN, client_data(s, c));
	}
}

/* The second half is kept for connections that ask only once. */
bool
askers_busy(const struct askers *s, const struct client *c)
{
	return c->inflight > 0 && s->confirms->live >= CONFIRM_MOST / 2;
}

void
askers_event(struct askers *s, uint64_t data, uint32_t events)
{
	struct client *c = &s->clients[(uint32_t)data];
	uint32_t generation = c->generation;
	union question q;
	ssize_t n;
	int i;

	if (c->fd == -1 || data != client_data(s, c))
		return;
	if (events & (EPOLLHUP | EPOLLERR)) {
		client_close(s, c);
		return;
	}
	TAILQ_REMOVE(&s->used, c, link);
	TAILQ_INSERT_TAIL(&s->used, c, link);
	for (i = 0; i < READ_MOST; i++) {
		if (c->inflight >= ASKERS_QUESTIONS) {
			c->unread = true;
			watch(s, EPOLL_CTL_MOD, c->fd, 0, client_data(s, c));
			return;
		}
		/* MSG_TRUNC: the true length, so a longer one is noticed. */
		n = recv(c->fd, &q, sizeof(q), MSG_DONTWAIT | MSG_TRUNC);
		if (n == -1 && (errno == EAGAIN || errno == EINTR))
			return;
		if (!question_good(&q, n) || (q.q.kind == ASK_RECORDS &&
		    batches_take(s, c, &q, (size_t)n) != 0)) {
			if (n > 0)
				log_note(LEVEL_WARNING, "not a question: "
				    "connection closed");
			client_close(s, c);
			return;
		}
		if (q.q.kind != ASK_RECORDS)
			questions_take(s, c, &q);
		if (c->fd == -1 || c->generation != generation)
			return;
	}
}

int
askers_wait(const struct askers *s, int most)
{
	const struct waiter *w = TAILQ_FIRST(&s->waiters);
	const struct waiter *own = TAILQ_FIRST(&s->own);
	int left;

	if (w == NULL || (own != NULL && own->deadline < w->deadline))
		w = own;
	if (w == NULL)
		return most;
	left = clock_left(w->deadline);
	return left < most ? left : most;
}

void
askers_tick(struct askers *s, int64_t now)
{
	struct waiter *w;

	while ((w = TAILQ_FIRST(&s->own)) != NULL && w->deadline <= now)
		batches_late(s, w);
	while ((w = TAILQ_FIRST(&s->waiters)) != NULL && w->deadline <= now)
		questions_late(s, w);
}

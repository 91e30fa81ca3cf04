/*
 * worker - the pool of processes that ask the back ends.
 *
 * Runs in authsrvr's loop and never waits.  authworker is ours, but what it
 * links is not: its answers are looked at like a stranger's.
 */
#include "config.h"

#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>
#include "authsrvr/authworker.h"
#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/fdio.h"
#include "lib/log.h"
#include "lib/proc.h"
#include "lib/xalloc.h"

#define WAITING 32		/* questions for each worker */
#define GRACE 10000		/* ms: authworker is sooner than we */

/* A question that no worker has yet. */
struct waiting {
	struct waiting *next;
	uint64_t id;
	int64_t until;
	struct netaddr client;
	struct worker_question q;
};

struct slot {
	int fd;
	bool busy;
	bool wanted;		/* the answer is still to be given */
	uint64_t id, number;
	int64_t until;
	struct netaddr client;
};

struct workers {
	workers_answered *answered;
	void *ctx;
	int64_t time;
	uint64_t number;	/* of the last question */
	int prefix6;
	int nslots;
	struct slot slots[AUTHWORKER_MOST];
	struct waiting *first, **last;
	int nwaiting;
};

/* Who shares what there is: an address, or in IPv6 a prefix. */
static struct netaddr
client_of(const struct workers *w, const struct netaddr *a)
{
	return a->family == 0 ? *a :
	    net_prefix(a, a->family == 6 ? w->prefix6 : 32);
}

static int
running(const struct workers *w, const struct netaddr *client)
{
	int n = 0;

	for (int i = 0; i < w->nslots; i++)
		n += w->slots[i].busy &&
		    net_same_host(&w->slots[i].client, client);
	return n;
}

static int
share(const struct workers *w)
{
	return (w->nslots * 3 + 3) / 4;
}

static void
discard(struct workers *w, struct waiting **at)
{
	struct waiting *x = *at;

	*at = x->next;
	if (x->next == NULL)
		w->last = at;
	w->nwaiting--;
	explicit_bzero(x, sizeof(*x));
	free(x);
}

static void
later(struct workers *w, uint64_t id, const char *why)
{
	struct verify_result r = { .answer = VERIFY_LATER };

	snprintf(r.why, sizeof(r.why), "%s", why);
	log_note(LEVEL_ERROR, "a password cannot be checked: %s", why);
	w->answered(w->ctx, id, &r);
}

/* A socket of packets takes one while none is in it. */
static bool
give(struct workers *w, struct slot *s, struct waiting *x)
{
	size_t len = WORKER_QUESTION_LEN(&x->q);

	x->q.number = ++w->number;
	if (send(s->fd, &x->q, len, MSG_DONTWAIT | MSG_NOSIGNAL) !=
	    (ssize_t)len)
		return false;
	s->busy = s->wanted = true;
	s->id = x->id;
	s->number = x->q.number;
	s->client = x->client;
	s->until = clock_ms() + w->time + GRACE;
	return true;
}

/* Whose turn it is: who has the fewest workers, and of those the first. */
static struct waiting **
next(struct workers *w)
{
	struct waiting **best = NULL;
	int fewest = share(w), n;

	for (struct waiting **at = &w->first; *at != NULL;
	    at = &(*at)->next) {
		n = running(w, &(*at)->client);
		if (n < fewest) {
			fewest = n;
			best = at;
		}
	}
	return best;
}

static void
dispatch(struct workers *w)
{
	struct waiting **x;

	for (int i = 0; i < w->nslots; i++) {
		if (w->slots[i].busy)
			continue;
		x = next(w);
		if (x == NULL)
			return;
		if (give(w, &w->slots[i], *x))
			discard(w, x);
	}
}

int
workers_ask(struct workers *w, uint64_t id, const struct verify_question *q)
{
	struct netaddr client = client_of(w, &q->client);
	int most = w->nslots * WAITING, n = 0;
	struct waiting *x;

	for (x = w->first; x != NULL; x = x->next)
		n += net_same_host(&x->client, &client);
	if (w->nwaiting >= most || n >= most / 4 ||
	    !verify_question_good(q, VERIFY_QUESTION_LEN(q)))
		return -1;
	x = xcalloc(1, sizeof(*x));
	x->id = id;
	x->until = clock_ms() + w->time;
	x->client = client;
	memcpy(&x->q.q, q, VERIFY_QUESTION_LEN(q));
	*w->last = x;
	w->last = &x->next;
	w->nwaiting++;
	dispatch(w);
	return 0;
}

void
workers_forget(struct workers *w, uint64_t id)
{
	for (int i = 0; i < w->nslots; i++)
		if (w->slots[i].busy && w->slots[i].id == id)
			w->slots[i].wanted = false;
	for (struct waiting **at = &w->first; *at != NULL;) {
		if ((*at)->id == id)
			discard(w, at);
		else
			at = &(*at)->next;
	}
}

static void
hand_on(struct workers *w, struct slot *s, const struct worker_result *m,
    ssize_t n)
{
	bool wanted = s->wanted;

	/* The answer to one that was answered with LATER for it. */
	if (!s->busy || (n >= (ssize_t)sizeof(m->number) &&
	    m->number != s->number))
		return;
	s->busy = s->wanted = false;
	if (!wanted)
		return;
	if (n != (ssize_t)sizeof(*m) || !verify_result_good(&m->r)) {
		later(w, s->id, "authworker speaks garbage");
		return;
	}
	if (m->r.answer == VERIFY_LATER)
		log_note(LEVEL_ERROR, "a password cannot be checked%s%s: %s",
		    m->r.backend[0] != '\0' ? " by " : "", m->r.backend,
		    m->r.why);
	w->answered(w->ctx, s->id, &m->r);
}

/* It may be the secret of a login: it stays nowhere, wanted or not. */
static void
take(struct workers *w, struct slot *s)
{
	struct worker_result m;
	ssize_t n = recv(s->fd, &m, sizeof(m), MSG_DONTWAIT | MSG_TRUNC);

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0)
		fatal(EX_SOFTWARE, "authworker has ended");
	hand_on(w, s, &m, n);
	explicit_bzero(&m, sizeof(m));
}

void
workers_event(struct workers *w, uint64_t data, uint32_t events)
{
	uint32_t i = (uint32_t)data;

	(void)events;
	if (i >= (uint32_t)w->nslots)
		return;
	take(w, &w->slots[i]);
	dispatch(w);
}

int
workers_wait(const struct workers *w, int most)
{
	int64_t until = CLOCK_NEVER;
	int left;

	for (int i = 0; i < w->nslots; i++)
		if (w->slots[i].wanted && w->slots[i].until < until)
			until = w->slots[i].until;
	if (w->first != NULL && w->first->until < until)
		until = w->first->until;
	left = clock_left(until);
	return left == -1 || (most != -1 && most < left) ? most : left;
}

void
workers_tick(struct workers *w, int64_t now)
{
	uint64_t id;

	for (int i = 0; i < w->nslots; i++) {
		struct slot *s = &w->slots[i];

		/* It stays busy until authworker says something. */
		if (s->wanted && s->until <= now) {
			s->wanted = false;
			later(w, s->id, "authworker does not answer");
		}
	}
	/* The first one waits longest. */
	while (w->first != NULL && w->first->until <= now) {
		id = w->first->id;
		discard(w, &w->first);
		later(w, id, "all workers are busy");
	}
}

static int
record(const struct conf *c)
{
	int fd = memfd_create("workers", MFD_CLOEXEC);
	struct buf b;
	int result = -1;

	buf_init(&b, CONF_RECORD_MOST);
	if (fd != -1 && conf_pack(c, &b) == 0)
		result = fd_pwrite(fd, b.p, b.len, 0);
	buf_free(&b);
	if (result == 0)
		return fd;
	if (fd != -1)
		close(fd);
	return -1;
}

/* Our ends, registered; theirs go to fds. */
static int
make_slots(struct workers *w, int epoll, uint32_t data, int *fds)
{
	for (int i = 0; i < w->nslots; i++) {
		struct epoll_event e = { .events = EPOLLIN,
			.data = { .u64 = (uint64_t)data << 32 | (uint32_t)i } };
		int pair[2];

		if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
		    pair) == -1)
			return -1;
		w->slots[i].fd = pair[0];
		fds[i] = pair[1];
		if (epoll_ctl(epoll, EPOLL_CTL_ADD, pair[0], &e) == -1)
			return -1;
	}
	return 0;
}

static int
start(struct workers *w, const struct conf *c, int epoll, uint32_t data)
{
	int fds[AUTHWORKER_SLOTS + AUTHWORKER_MOST], result;
	char path[PATH_MAX], name[] = "authworker";
	char *argv[] = { name, NULL };

	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		fds[i] = -1;
	fds[STDERR_FILENO] = STDERR_FILENO;
	fds[AUTHWORKER_RECORD] = record(c);
	result = fds[AUTHWORKER_RECORD] == -1 || conf_program(c, name, path,
	    sizeof(path)) == -1 ? -1 :
	    make_slots(w, epoll, data, fds + AUTHWORKER_SLOTS);
	if (result == 0)
		result = proc_start(path, argv, fds, AUTHWORKER_SLOTS +
		    w->nslots, NULL) > 0 ? 0 : -1;
	for (size_t i = AUTHWORKER_RECORD; i < ARRAY_LEN(fds); i++)
		if (fds[i] != -1)
			close(fds[i]);
	return result;
}

struct workers *
workers_new(const struct conf *c, int epoll, uint32_t data,
    workers_answered *answered, void *ctx)
{
	const struct settings *s = &c->server.v;
	struct workers *w = xcalloc(1, sizeof(*w));

	w->answered = answered;
	w->ctx = ctx;
	w->time = s->auth_worker_time;
	w->prefix6 = (int)s->prefix_length_ipv6;
	w->nslots = (int)s->auth_workers;
	w->last = &w->first;
	for (int i = 0; i < w->nslots; i++)
		w->slots[i].fd = -1;
	if (start(w, c, epoll, data) == 0)
		return w;
	workers_free(w);
	return NULL;
}

void
workers_free(struct workers *w)
{
	while (w->first != NULL)
		workers_forget(w, w->first->id);
	/* The end of these is what authworker ends with. */
	for (int i = 0; i < w->nslots; i++)
		if (w->slots[i].fd != -1)
			close(w->slots[i].fd);
	free(w);
}

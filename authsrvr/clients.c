/*
 * clients - see clients.h.
 *
 * A caller is a slot; what it waits for is its state.  One that hangs up while
 * its password is checked keeps the slot until the answer is there, so that
 * who does not wait for failures has them counted all the same.
 */
#include "config.h"

#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "authsrvr/clients.h"
#include "authsrvr/exchange.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/mechanism.h"
#include "lib/sid.h"
#include "lib/text.h"
#include "lib/xalloc.h"

#define ACCEPT_MOST 64		/* before others have their turn */

enum state {
	IDLE,		/* no exchange */
	TALKING,	/* the client's response is awaited */
	CHECKING,	/* the pool's answer */
	HELD,		/* the time at which a failure is told */
	TOLD		/* the client's answer to why it failed (RFC 7628
			 * 3.2.3) */
};

struct client {
	int fd;			/* -1: it hung up */
	uint32_t generation;	/* events and answers of before are not its */
	enum state state;
	int64_t until;		/* of an exchange: when it must be over; HELD:
				 * when it is told */
	int64_t asked;		/* when its last message came */
	uint32_t row;
	uint64_t serial;
	struct netaddr peer;
	bool tls;
	enum mechanism m;
	struct exchange *x;
	char *told;		/* HELD: what it hears before, or null */
	TAILQ_ENTRY(client) link;	/* by last event, or free */
};
TAILQ_HEAD(list, client);

struct clients {
	struct clients_plan p;
	struct workers *workers;
	bool full, leaving;	/* the listening socket is not listened to */
	int64_t due;		/* no slot's time comes before */
	struct list used, unused;
	/* One at a time; nothing stays in them. */
	struct auth_question in;
	struct auth_answer out;
	struct exchange_out step;
	struct verify_question question;
	struct client at[];
};

struct clients *
clients_new(const struct clients_plan *p)
{
	struct clients *s = xcalloc(1, sizeof(*s) +
	    (size_t)p->most * sizeof(s->at[0]));
	struct epoll_event e = { .events = EPOLLIN,
		.data = { .u64 = (uint64_t)p->data << 32 } };

	s->p = *p;
	s->due = CLOCK_NEVER;
	TAILQ_INIT(&s->used);
	TAILQ_INIT(&s->unused);
	for (int i = 0; i < p->most; i++) {
		s->at[i].fd = -1;
		TAILQ_INSERT_TAIL(&s->unused, &s->at[i], link);
	}
	if (p->sock != -1 && epoll_ctl(p->epoll, EPOLL_CTL_ADD, p->sock,
	    &e) == -1)
		fatal(EX_OSERR, "epoll_ctl: %s", strerror(errno));
	return s;
}

void
clients_pool(struct clients *s, struct workers *w)
{
	s->workers = w;
}

static uint64_t
name_of(const struct clients *s, const struct client *c)
{
	return (uint64_t)(c->generation << 8 | (s->p.data + 1)) << 32 |
	    (uint64_t)(c - s->at);
}

/* Whose name that is; null: nobody's any more. */
static struct client *
named(struct clients *s, uint64_t name)
{
	uint32_t i = (uint32_t)name;

	return i < (uint32_t)s->p.most && name_of(s, &s->at[i]) == name ?
	    &s->at[i] : NULL;
}

static void
listen_again(struct clients *s, bool on)
{
	struct epoll_event e = { .events = on ? EPOLLIN : 0,
		.data = { .u64 = (uint64_t)s->p.data << 32 } };

	s->full = !on;
	if (s->p.sock != -1 && !s->leaving && epoll_ctl(s->p.epoll,
	    EPOLL_CTL_MOD, s->p.sock, &e) == -1)
		fatal(EX_OSERR, "epoll_ctl: %s", strerror(errno));
}

static void
set_time(struct clients *s, struct client *c, int64_t until)
{
	c->until = until;
	if (until < s->due)
		s->due = until;
}

static void
forget_exchange(struct client *c)
{
	exchange_free(c->x);
	free(c->told);
	c->x = NULL;
	c->told = NULL;
	c->state = IDLE;
}

static void
hang_up(struct clients *s, struct client *c)
{
	if (c->fd != -1)
		close(c->fd);
	c->fd = -1;
	if (c->state == CHECKING)
		return;
	forget_exchange(c);
	c->generation++;
	TAILQ_REMOVE(&s->used, c, link);
	TAILQ_INSERT_HEAD(&s->unused, c, link);
	if (s->full)
		listen_again(s, true);
}

/* Room for one more: of who has said nothing yet, who was first. */
static bool
make_room(struct clients *s)
{
	struct client *c;

	if (!TAILQ_EMPTY(&s->unused))
		return true;
	TAILQ_FOREACH(c, &s->used, link) {
		if (c->state == IDLE) {
			hang_up(s, c);
			return true;
		}
	}
	return false;
}

void
clients_add(struct clients *s, int fd)
{
	struct client *c = TAILQ_FIRST(&s->unused);
	struct epoll_event e = { .events = EPOLLIN };

	TAILQ_REMOVE(&s->unused, c, link);
	TAILQ_INSERT_TAIL(&s->used, c, link);
	c->fd = fd;
	c->state = IDLE;
	e.data.u64 = name_of(s, c);
	if (epoll_ctl(s->p.epoll, EPOLL_CTL_ADD, fd, &e) == -1)
		fatal(EX_OSERR, "epoll_ctl: %s", strerror(errno));
}

void
clients_accept(struct clients *s)
{
	int fd;

	for (int i = 0; i < ACCEPT_MOST; i++) {
		if (!make_room(s)) {
			listen_again(s, false);
			return;
		}
		fd = accept4(s->p.sock, NULL, NULL,
		    SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd == -1) {
			if (errno != EAGAIN && errno != EINTR &&
			    errno != ECONNABORTED)
				log_note(LEVEL_ERROR, "accept: %s",
				    strerror(errno));
			return;
		}
		clients_add(s, fd);
	}
}

/* s->out, but for its outcome; a caller that takes none is let go. */
static void
answer(struct clients *s, struct client *c, enum auth_outcome outcome)
{
	size_t size = offsetof(struct auth_answer, data) + s->out.len;

	s->out.version = AUTH_VERSION;
	s->out.outcome = (uint8_t)outcome;
	if (outcome != AUTH_CHALLENGE)
		forget_exchange(c);
	if (c->fd == -1 || send(c->fd, &s->out, size, MSG_DONTWAIT |
	    MSG_NOSIGNAL) != (ssize_t)size)
		hang_up(s, c);
	explicit_bzero(&s->out, sizeof(s->out));
}

/* One line for each login that came to an end. */
static void
log_login(const struct client *c, const char *outcome, const char *login,
    const char *backend, const char *limit)
{
	char ip[NET_TEXT], sid[SID];
	struct logline l;

	log_begin(&l, strcmp(outcome, "ok") == 0 ? LEVEL_INFO : LEVEL_NOTICE,
	    "auth");
	log_word(&l, "ip", net_text(&c->peer, ip));
	log_word(&l, "sid", sid_text(c->serial, sid));
	log_word(&l, "outcome", outcome);
	log_word(&l, "mechanism", mechanism_name(c->m));
	log_word(&l, "tls", c->tls ? "yes" : "no");
	if (backend[0] != '\0')
		log_word(&l, "backend", backend);
	if (limit != NULL)
		log_word(&l, "limit", limit);
	log_text(&l, "login", login);
	log_end(&l);
}

/*
 * It is told when its time has come, counted from its last message: how long
 * the check took nobody learns, unless it took longer than that.
 */
static void
fail(struct clients *s, struct client *c, const char *backend,
    const char *challenge)
{
	const char *login = exchange_login(c->x);

	log_login(c, "failed", login, backend, NULL);
	set_time(s, c, c->asked + guard_failed(s->p.guard, &c->peer, login));
	c->state = HELD;
	if (challenge[0] != '\0')
		c->told = xstrdup(challenge);
	if (c->fd == -1)
		hang_up(s, c);
}

static void
succeed(struct clients *s, struct client *c, const char *backend)
{
	const char *login = exchange_proven(c->x);
	struct receipt_of of = { .serial = c->serial, .row = c->row,
		.mechanism = mechanism_name(c->m), .login = login };

	log_login(c, "ok", login, backend, NULL);
	guard_succeeded(s->p.guard, &c->peer, exchange_login(c->x));
	memcpy(s->out.login, login, strlen(login) + 1);
	receipt_make(s->p.key, &of, s->out.receipt);
	answer(s, c, AUTH_SUCCESS);
}

static void
give_up(struct clients *s, struct client *c, const char *backend)
{
	log_login(c, "later", exchange_login(c->x), backend, NULL);
	answer(s, c, AUTH_LATER);
}

static bool
barred(struct clients *s, struct client *c, const char *login)
{
	const char *limit;

	if (!guard_bars(s->p.guard, &c->peer, login, &limit))
		return false;
	log_login(c, "barred", login != NULL ? login : "", "", limit);
	answer(s, c, AUTH_BARRED);
	return true;
}

static void
verify(struct clients *s, struct client *c)
{
	struct verify_question *q = &s->question;
	const char *name = mechanism_name(c->m);

	if (barred(s, c, exchange_login(c->x)))
		return;
	memcpy(q->mechanism, name, strlen(name) + 1);
	q->client = c->peer;
	q->tls = c->tls;
	c->state = CHECKING;
	if (workers_ask(s->workers, name_of(s, c), q) == 0)
		return;
	c->state = TALKING;
	log_note(LEVEL_WARNING, "too many logins wait to be checked");
	give_up(s, c, "");
}

static void
forget_step(struct clients *s)
{
	explicit_bzero(&s->question, sizeof(s->question));
	explicit_bzero(&s->step, sizeof(s->step));
}

/* What a step of its exchange means for it; challenge is a back end's. */
static void
conclude(struct clients *s, struct client *c, enum exchange_step step,
    const char *backend, const char *challenge)
{
	switch (step) {
	case EXCHANGE_CHALLENGE:
		/* Before anything is told that depends on the password. */
		if (barred(s, c, exchange_login(c->x)))
			break;
		s->out.len = (uint16_t)s->step.len;
		memcpy(s->out.data, s->step.data, s->step.len);
		answer(s, c, AUTH_CHALLENGE);
		break;
	case EXCHANGE_VERIFY:
		verify(s, c);
		break;
	case EXCHANGE_SUCCESS:
		succeed(s, c, backend);
		break;
	case EXCHANGE_LATER:
		give_up(s, c, backend);
		break;
	case EXCHANGE_FAILURE:
		fail(s, c, backend, challenge);
		break;
	case EXCHANGE_GARBLED:
		answer(s, c, AUTH_GARBLED);
		break;
	}
	forget_step(s);
}

void
clients_answered(void *ctx, uint64_t id, const struct verify_result *r)
{
	struct clients *s = ctx;
	struct client *c = named(s, id);

	if (c == NULL || c->state != CHECKING)
		return;
	/* From here on it may be let go. */
	c->state = TALKING;
	conclude(s, c, exchange_answered(c->x, r, &s->step), r->backend,
	    r->challenge);
}

static void
step(struct clients *s, struct client *c, const void *p, size_t len)
{
	enum exchange_step next;

	c->asked = clock_ms();
	next = exchange_take(c->x, p, len, &s->step, &s->question);
	if (next == EXCHANGE_FAILURE && barred(s, c, exchange_login(c->x))) {
		forget_step(s);
		return;
	}
	conclude(s, c, next, c->m == MECHANISM_EXTERNAL ? "certificate" :
	    next == EXCHANGE_SUCCESS ? "file" : "", "");
}

/* A session has one login at a time: another one takes its place. */
static void
end_other(struct clients *s, const struct client *c)
{
	struct client *o;

	TAILQ_FOREACH(o, &s->used, link)
		if (o != c && o->fd != -1 && o->state != IDLE &&
		    o->row == c->row && o->serial == c->serial) {
			hang_up(s, o);
			return;
		}
}

static bool
is_ended(const char *p, size_t size)
{
	return memchr(p, '\0', size) != NULL;
}

/* What certificate the client has, the session says (SECURITY.md). */
static void
vouch(struct clients *s, struct client *c)
{
	const struct auth_question *q = &s->in;
	const struct certificate cert = { (q->flags & AUTH_VERIFIED) != 0,
		q->fingerprint, q->key, q->subject };
	char login[AUTH_LOGIN] = "";
	enum tb_answer answer = s->p.unread ? TB_LATER :
	    clients_login(s->p.certificates, &cert, login);

	exchange_vouch(c->x, answer == TB_LATER ? EXCHANGE_LATER :
	    answer == TB_FOUND && c->tls ? EXCHANGE_SUCCESS :
	    EXCHANGE_FAILURE, login);
}

/* 0, or -1: it is none that a session of ours sends. */
static int
begin(struct clients *s, struct client *c)
{
	const struct auth_question *q = &s->in;
	uint32_t told;
	struct row row;
	int m;

	if (!is_ended(q->mechanism, sizeof(q->mechanism)) ||
	    !is_ended(q->fingerprint, sizeof(q->fingerprint)) ||
	    !is_ended(q->key, sizeof(q->key)) ||
	    !is_ended(q->subject, sizeof(q->subject)) ||
	    ((q->flags & AUTH_INITIAL) == 0 && q->len > 0) ||
	    !rows_check(s->p.rows, s->p.nrows, q->row, q->serial, q->token,
	    &row))
		return -1;
	explicit_bzero(row.token, sizeof(row.token));
	told = atomic_load(&row.told);
	c->peer = told != 0 && told % 2 == 0 ? row.client : row.peer;
	c->row = q->row;
	c->serial = q->serial;
	c->tls = (q->flags & AUTH_TLS) != 0;
	end_other(s, c);
	m = mechanism_find(q->mechanism);
	if (m >= 0 && (m != MECHANISM_EXTERNAL || s->p.external))
		c->x = exchange_new(s->p.exchanges, (enum mechanism)m,
		    (q->flags & AUTH_BINDS) != 0 ? q->exporter : NULL);
	if (c->x == NULL) {
		answer(s, c, AUTH_UNABLE);
		return 0;
	}
	c->m = (enum mechanism)m;
	if (c->m == MECHANISM_EXTERNAL)
		vouch(s, c);
	c->state = TALKING;
	set_time(s, c, clock_ms() + s->p.time);
	if (!barred(s, c, NULL))
		step(s, c, (q->flags & AUTH_INITIAL) != 0 ? q->data : NULL,
		    q->len);
	return 0;
}

/* 0, or -1: not now, or no such thing. */
static int
take(struct clients *s, struct client *c)
{
	switch ((enum auth_kind)s->in.kind) {
	case AUTH_BEGIN:
		return c->state == IDLE ? begin(s, c) : -1;
	case AUTH_RESPONSE:
		if (c->state == TOLD) {
			answer(s, c, AUTH_FAILURE);
			return 0;
		}
		if (c->state != TALKING)
			return -1;
		step(s, c, s->in.data, s->in.len);
		return 0;
	case AUTH_CANCEL:
		if (c->state != TALKING && c->state != TOLD)
			return -1;
		forget_exchange(c);
		return 0;
	}
	return -1;
}

static bool
is_question(const struct auth_question *q, ssize_t n)
{
	size_t front = offsetof(struct auth_question, data);

	return n >= (ssize_t)front && q->version == AUTH_VERSION &&
	    q->len <= AUTH_DATA && (size_t)n == front + q->len;
}

void
clients_event(struct clients *s, uint64_t data, uint32_t events)
{
	struct client *c = named(s, data);
	ssize_t n;

	if (c == NULL || c->fd == -1)
		return;
	TAILQ_REMOVE(&s->used, c, link);
	TAILQ_INSERT_TAIL(&s->used, c, link);
	/* MSG_TRUNC: the true length, so that a longer one is noticed. */
	n = (events & EPOLLIN) == 0 ? 0 : recv(c->fd, &s->in, sizeof(s->in),
	    MSG_DONTWAIT | MSG_TRUNC);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		hang_up(s, c);
	} else if (!is_question(&s->in, n) || take(s, c) != 0) {
		log_note(LEVEL_WARNING, "not a question: connection closed");
		hang_up(s, c);
	}
	explicit_bzero(&s->in, sizeof(s->in));
}

/* It failed; of a token the client is told why, and says something first. */
static void
tell(struct clients *s, struct client *c)
{
	if (c->told == NULL) {
		answer(s, c, AUTH_FAILURE);
		return;
	}
	s->out.len = (uint16_t)strnlen(c->told, sizeof(s->step.data));
	memcpy(s->out.data, c->told, s->out.len);
	c->state = TOLD;
	set_time(s, c, clock_ms() + s->p.time);
	answer(s, c, AUTH_CHALLENGE);
}

int
clients_wait(const struct clients *s, int most)
{
	int left = clock_left(s->due);

	return left == -1 || (most != -1 && most < left) ? most : left;
}

void
clients_tick(struct clients *s, int64_t now)
{
	struct client *c, *next;

	if (now < s->due)
		return;
	s->due = CLOCK_NEVER;
	for (c = TAILQ_FIRST(&s->used); c != NULL; c = next) {
		next = TAILQ_NEXT(c, link);
		if (c->state == IDLE || c->state == CHECKING)
			continue;
		if (c->until > now)
			set_time(s, c, c->until);
		else if (c->state == HELD)
			tell(s, c);
		else
			hang_up(s, c);
	}
}

void
clients_leave(struct clients *s)
{
	if (s->leaving)
		return;
	s->leaving = true;
	if (s->p.sock != -1)
		(void)epoll_ctl(s->p.epoll, EPOLL_CTL_DEL, s->p.sock, NULL);
}

bool
clients_gone(const struct clients *s)
{
	return TAILQ_EMPTY(&s->used);
}

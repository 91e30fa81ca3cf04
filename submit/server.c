/*
 * server - see server.h.
 */
#include "config.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/net.h"
#include "lib/xalloc.h"
#include "submit/asker.h"
#include "submit/dialogue.h"
#include "submit/server.h"
#include "submit/starter.h"

#define SYNCING_THREADS 15	/* besides the one that leads them */
#define SERVER_EVENTS 64
#define SERVER_ACCEPTS 64	/* in a row */
#define SERVER_TURNS 32		/* reads in a row from one caller */
#define SERVER_READ (64 * 1024)
#define SERVER_TICK_MS 1000
#define SERVER_IDLE_MS (10 * 60 * 1000)	/* a session is slow as its client */
#define SERVER_HELLO_MS (10 * 1000)
#define SERVER_DRAIN_MS (30 * 1000)
/* Users of this machine that nobody vouches for: all of them, and each. */
#define SERVER_USERS 64
#define SERVER_USER 16
/* A session needs one; the end of an earlier one may not be known yet. */
#define SERVER_SESSION 4

enum source_kind { SOURCE_CONTROL, SOURCE_SIGNALS, SOURCE_JAIL, SOURCE_USERS,
	SOURCE_COMMIT, SOURCE_LOOKUP, SOURCE_DELIVER, SOURCE_CLIENT,
	SOURCE_GONE };

/* Whatever epoll tells of. */
struct watch {
	enum source_kind kind;
	int fd;
};

struct client {
	struct dialogue d;	/* first: what the desk's callbacks get */
	struct watch watch;
	bool known;		/* to epoll */
	struct client *next, **back;
	bool plain;		/* a user nobody vouches for */
	uint32_t question;	/* 0: none under way */
	int64_t deadline;
};

struct server {
	struct desk *desk;
	const struct server_plan *plan;
	int epoll;
	struct watch control, signals, jail, users, done, lookup, deliver;
	struct client *starting;	/* who waits for deliver, or null */
	struct store store;
	struct commit *commit;
	struct asker asker;
	struct client *clients;
	struct client *gone;	/* events of this round may still name them */
	int n, plain;
	bool ending, paused;
	int64_t end;		/* of the drain */
	int64_t warned;		/* when somebody was last turned away */
};

static void
watch_add(struct server *s, struct watch *w, enum source_kind kind, int fd)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = w };

	w->kind = kind;
	w->fd = fd;
	if (fd != -1 && epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &ev) != 0)
		fatal(EX_OSERR, "epoll_ctl: %s", strerror(errno));
}

static void
watch_drop(struct server *s, struct watch *w)
{
	if (w->fd != -1)
		epoll_ctl(s->epoll, EPOLL_CTL_DEL, w->fd, NULL);
	w->fd = -1;
}

/* New callers wait in the sockets' queues. */
static void
pause_accepting(struct server *s)
{
	watch_drop(s, &s->jail);
	watch_drop(s, &s->users);
	s->paused = true;
}

static void
go_on_accepting(struct server *s)
{
	if (!s->paused || s->ending)
		return;
	watch_add(s, &s->jail, SOURCE_JAIL, s->plan->jail);
	watch_add(s, &s->users, SOURCE_USERS, s->plan->users);
	s->paused = false;
}

static struct client *
client_new(struct server *s, int fd, enum door door, int64_t uid)
{
	struct client *c = xcalloc(1, sizeof(*c));

	dialogue_init(&c->d, door, uid);
	c->watch = (struct watch){ .kind = SOURCE_CLIENT, .fd = fd };
	c->plain = door == DOOR_USERS && !rights_trusted(&s->desk->rights, uid);
	c->deadline = clock_ms() + SERVER_HELLO_MS;
	c->next = s->clients;
	c->back = &s->clients;
	if (c->next != NULL)
		c->next->back = &c->next;
	s->clients = c;
	s->n++;
	s->plain += c->plain;
	return c;
}

/* Nothing more is heard of deliver. */
static void
drop_deliver(struct server *s)
{
	int fd = s->deliver.fd;

	watch_drop(s, &s->deliver);
	close(fd);
	s->starting = NULL;
}

static void
client_end(struct server *s, struct client *c)
{
	if (s->starting == c)
		drop_deliver(s);
	*c->back = c->next;
	if (c->next != NULL)
		c->next->back = c->back;
	s->n--;
	s->plain -= c->plain;
	close(c->watch.fd);
	dialogue_free(s->desk, &c->d);
	c->watch.kind = SOURCE_GONE;
	c->next = s->gone;
	s->gone = c;
	go_on_accepting(s);
}

/* Between two rounds of events, when nothing points at them any more. */
static void
bury(struct server *s)
{
	struct client *next;

	for (struct client *c = s->gone; c != NULL; c = next) {
		next = c->next;
		free(c);
	}
	s->gone = NULL;
}

static bool
idle(const struct client *c)
{
	return c->d.message == NULL && !c->d.asking && !c->d.committing &&
	    c->d.out.len == 0;
}

/* One event, then silence until the next call: what it cannot do now waits. */
static void
arm(struct server *s, struct client *c, uint32_t events)
{
	struct epoll_event ev = { .events = events | EPOLLONESHOT,
		.data.ptr = &c->watch };
	int op = c->known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

	if (epoll_ctl(s->epoll, op, c->watch.fd, &ev) != 0)
		fatal(EX_OSERR, "epoll_ctl: %s", strerror(errno));
	c->known = true;
	if (c->d.state == DIALOGUE_HELLO)
		return;		/* until then the first deadline holds */
	/* A session's connection ends with the session. */
	c->deadline = idle(c) && c->d.caller.kind == SUB_SESSION ?
	    CLOCK_NEVER : clock_ms() + SERVER_IDLE_MS;
}

/* What is left stays in out; -1 if nobody reads it. */
static int
flush(struct client *c)
{
	struct buf *out = &c->d.out;

	while (out->len > 0) {
		ssize_t n = send(c->watch.fd, out->p, out->len,
		    MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return errno == EAGAIN ? 0 : -1;
		buf_drop(out, (size_t)n);
	}
	buf_free(out);
	return 0;
}

/* 1 more came, 0 not now, -1 the end. */
static int
fill(struct client *c)
{
	struct buf *in = &c->d.in;
	size_t room = DIALOGUE_IN - in->len;
	ssize_t n;

	if (room > SERVER_READ)
		room = SERVER_READ;
	if (buf_reserve(in, room) != 0)
		return -1;
	do
		n = recv(c->watch.fd, in->p + in->len, room, MSG_DONTWAIT);
	while (n == -1 && errno == EINTR);
	if (n > 0)
		in->len += (size_t)n;
	else if (in->len == 0)
		buf_free(in);
	if (n == -1 && errno == EAGAIN)
		return 0;
	return n > 0 ? 1 : -1;
}

/* As far as it goes without waiting; c may be gone afterwards. */
static void
client_run(struct server *s, struct client *c)
{
	for (int turn = 0; turn < SERVER_TURNS; turn++) {
		int more;

		dialogue_run(s->desk, &c->d);
		if (c->d.asking || c->d.committing)
			return;		/* goes on with the answer */
		if (c->d.out.len > 0) {
			if (flush(c) != 0 || c->d.over)
				goto gone;
			if (c->d.out.len == 0)
				continue;	/* there may be more frames */
			arm(s, c, EPOLLOUT);
			return;
		}
		if (c->d.over)
			goto gone;
		more = fill(c);
		if (more == -1 || (more == 0 && s->ending && idle(c)))
			goto gone;
		if (more == 0) {
			arm(s, c, EPOLLIN);
			return;
		}
	}
	/*
	 * Others have their turn now.  What it has said is not looked at yet,
	 * and may be all that it will say: so not only if more comes.
	 */
	arm(s, c, EPOLLIN | EPOLLOUT);
	return;
gone:
	client_end(s, c);
}

static bool
on_admit(struct desk *k, const struct dialogue *d)
{
	const struct server *s = k->server;
	int same = 0;

	if (d->caller.kind != SUB_SESSION)
		return true;
	for (const struct client *c = s->clients; c != NULL; c = c->next)
		same += c->d.caller.kind == SUB_SESSION &&
		    c->d.caller.serial == d->caller.serial &&
		    c->d.caller.number == d->caller.number;
	return same <= SERVER_SESSION;	/* d is among them */
}

static void
on_ask(struct desk *k, struct dialogue *d, struct ask_question *q,
    size_t size)
{
	struct server *s = k->server;
	struct client *c = (struct client *)d;
	bool fresh;

	c->deadline = clock_ms() + s->plan->ask_ms;
	if (asker_ask(&s->asker, q, size, &c->question, &fresh) != 0) {
		c->question = 0;
		dialogue_answered(k, d, NULL);
	} else if (fresh) {
		watch_add(s, &s->lookup, SOURCE_LOOKUP, s->asker.fd);
	}
}

static void
on_give(struct desk *k, struct dialogue *d, struct job *j)
{
	struct server *s = k->server;

	j->owner = d;
	commit_give(s->commit, j);
}

static void
answered(struct server *s, struct client *c, const struct ask_answer *a)
{
	c->question = 0;
	dialogue_answered(s->desk, &c->d, a);
	client_run(s, c);
}

/* Answers for those that still wait; all of them if lookup is gone. */
static void
on_lookup(struct server *s)
{
	struct ask_answer a;
	struct client *c, *next;

	while (asker_take(&s->asker, &a)) {
		for (c = s->clients; c != NULL && c->question != a.id;)
			c = c->next;
		if (c != NULL && a.id != 0)
			answered(s, c, &a);
	}
	if (s->asker.fd != -1)
		return;
	s->lookup.fd = -1;
	for (c = s->clients; c != NULL; c = next) {
		next = c->next;
		if (c->question != 0)
			answered(s, c, NULL);
	}
}

/* One at a time: who comes meanwhile may come again. */
static void
on_start(struct desk *k, struct dialogue *d, const struct control_request *r)
{
	struct server *s = k->server;
	struct client *c = (struct client *)d;
	int fd = s->starting == NULL ? starter_ask(s->plan->deliver, r) : -1;

	c->deadline = clock_ms() + s->plan->ask_ms;
	if (fd == -1) {
		dialogue_started(k, d, NULL);
		return;
	}
	s->starting = c;
	watch_add(s, &s->deliver, SOURCE_DELIVER, fd);
}

static void
on_deliver(struct server *s)
{
	struct client *c = s->starting;
	struct control_answer a;
	int got;

	if (c == NULL)
		return;
	got = starter_take(s->deliver.fd, &a);
	if (got == 0)
		return;
	drop_deliver(s);
	dialogue_started(s->desk, &c->d, got > 0 ? &a : NULL);
	client_run(s, c);
}

static void
on_done(struct server *s)
{
	struct job *next;

	for (struct job *j = commit_done(s->commit); j != NULL; j = next) {
		struct client *c = j->owner;

		next = j->next;
		dialogue_committed(s->desk, &c->d, j);
		client_run(s, c);
	}
}

/* May one more of that uid be served? */
static bool
admitted(struct server *s, enum door door, int64_t uid)
{
	const struct rights *r = &s->desk->rights;
	int same = 0;

	if (!caller_admitted(r, door, uid))
		return false;
	if (door != DOOR_USERS || rights_trusted(r, uid))
		return true;
	for (const struct client *c = s->clients; c != NULL; c = c->next)
		same += c->plain && c->d.caller.uid == uid;
	return s->plain < SERVER_USERS && same < SERVER_USER;
}

/* At most one line a second: it is cheap to be turned away. */
static void
turn_away(struct server *s, int fd, enum door door, int64_t uid)
{
	int64_t now = clock_ms();

	close(fd);
	if (now - s->warned < SERVER_TICK_MS)
		return;
	s->warned = now;
	log_note(LEVEL_WARNING, "turned away uid %lld at the %s socket",
	    (long long)uid, door == DOOR_JAIL ? "sessions'" : "users'");
}

static void
on_callers(struct server *s, const struct watch *w)
{
	enum door door = w->kind == SOURCE_JAIL ? DOOR_JAIL : DOOR_USERS;
	int listening = w->fd;

	for (int i = 0; i < SERVER_ACCEPTS && !s->paused; i++) {
		int fd = accept4(listening, NULL, NULL,
		    SOCK_CLOEXEC | SOCK_NONBLOCK);
		int64_t uid;

		if (fd == -1 && (errno == EMFILE || errno == ENFILE ||
		    errno == ENOBUFS || errno == ENOMEM)) {
			log_note(LEVEL_ERROR, "accept: %s", strerror(errno));
			pause_accepting(s);
		}
		if (fd == -1)
			return;
		uid = net_peer_uid(fd);
		if (!admitted(s, door, uid)) {
			turn_away(s, fd, door, uid);
			continue;
		}
		if (s->n + 1 >= s->plan->most)
			pause_accepting(s);
		client_run(s, client_new(s, fd, door, uid));
	}
}

/*
 * No more callers; who is in the middle of something may finish it.  Whom
 * nobody serves after us, as our own notices, hears so at once.
 */
static void
begin_end(struct server *s)
{
	struct client *next;

	if (s->ending)
		return;
	s->ending = true;
	s->end = clock_ms() + SERVER_DRAIN_MS;
	pause_accepting(s);
	if (s->plan->users != -1)
		close(s->plan->users);
	watch_drop(s, &s->control);
	for (struct client *c = s->clients; c != NULL; c = next) {
		next = c->next;
		if (idle(c))
			client_run(s, c);
	}
}

/* smtpd says nothing on its socket; what can be read is its end. */
static void
on_control(struct server *s)
{
	char byte;
	ssize_t n = recv(s->control.fd, &byte, sizeof(byte), MSG_DONTWAIT);

	if (n == 0 || (n == -1 && errno != EAGAIN && errno != EINTR))
		begin_end(s);
}

static void
dispatch(struct server *s, struct watch *w)
{
	switch (w->kind) {
	case SOURCE_CONTROL:
		on_control(s);
		break;
	case SOURCE_SIGNALS:
		watch_drop(s, &s->signals);
		begin_end(s);
		break;
	case SOURCE_JAIL:
	case SOURCE_USERS:
		if (w->fd != -1)
			on_callers(s, w);
		break;
	case SOURCE_COMMIT:
		on_done(s);
		break;
	case SOURCE_LOOKUP:
		on_lookup(s);
		break;
	case SOURCE_DELIVER:
		on_deliver(s);
		break;
	case SOURCE_CLIENT:
		/* The watch stands in its client. */
		client_run(s, (struct client *)(void *)((char *)w -
		    offsetof(struct client, watch)));
		break;
	case SOURCE_GONE:
		break;
	}
}

static void
tick(struct server *s)
{
	int64_t now = clock_ms();
	struct client *next;

	room_look(&s->desk->room);
	strain_look(&s->desk->strain);
	go_on_accepting(s);
	if (s->n >= s->plan->most && !s->paused)
		pause_accepting(s);
	for (struct client *c = s->clients; c != NULL; c = next) {
		next = c->next;
		if (c->deadline > now || c->d.committing)
			continue;
		if (c->d.asking) {
			if (s->starting == c)
				drop_deliver(s);
			answered(s, c, NULL);
			continue;
		}
		log_note(LEVEL_NOTICE, "uid %lld was silent for too long",
		    (long long)c->d.caller.uid);
		client_end(s, c);
	}
}

static bool
over(struct server *s)
{
	if (s->n == 0 && s->plan->caller != -1)
		begin_end(s);
	if (!s->ending)
		return false;
	return (s->n == 0 && atomic_load(&s->desk->alarms.n) == 0) ||
	    clock_ms() >= s->end;
}

static void
loop(struct server *s)
{
	struct epoll_event events[SERVER_EVENTS];
	int64_t ticked = clock_ms();

	while (!over(s)) {
		int n = epoll_wait(s->epoll, events, SERVER_EVENTS,
		    SERVER_TICK_MS);

		if (n == -1 && errno != EINTR)
			fatal(EX_OSERR, "epoll_wait: %s", strerror(errno));
		for (int i = 0; i < n; i++)
			dispatch(s, events[i].data.ptr);
		if (clock_ms() - ticked >= SERVER_TICK_MS) {
			tick(s);
			ticked = clock_ms();
		}
		bury(s);
	}
}

static void
close_all(struct server *s)
{
	int alarms = atomic_load(&s->desk->alarms.n);

	bury(s);
	if (alarms > 0)
		log_note(LEVEL_ERROR, "held-notice: %d unfinished", alarms);
	if (s->n > 0) {
		/* Among them are callers of a disk that does not answer. */
		log_note(LEVEL_ERROR, "ended with %d unfinished", s->n);
		return;
	}
	commit_stop(s->commit);
	syncers_stop(s->store.syncers);
	journal_close(s->store.journal);
	asker_close(&s->asker);
	close(s->epoll);
}

void
server_run(struct desk *k, const struct server_plan *plan, int signals,
    struct recover *recover, struct journal *journal)
{
	struct server s = { .desk = k, .plan = plan, .paused = true };

	s.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (s.epoll == -1)
		fatal(EX_OSERR, "epoll_create1: %s", strerror(errno));
	/* One session alone has one message at a time. */
	s.store = (struct store){ .spool = &k->spool, .journal = journal,
		.syncers = syncers_start(plan->caller != -1 ? 0 :
		    SYNCING_THREADS) };
	s.commit = commit_start(&s.store, recover, plan->commit_delay);
	if (journal != NULL)
		journal_start(journal);
	asker_init(&s.asker, plan->lookup);
	k->server = &s;
	k->admit = on_admit;
	k->ask = on_ask;
	k->give = on_give;
	k->start = on_start;
	watch_add(&s, &s.control, SOURCE_CONTROL, plan->control);
	watch_add(&s, &s.signals, SOURCE_SIGNALS, signals);
	watch_add(&s, &s.done, SOURCE_COMMIT, commit_fd(s.commit));
	go_on_accepting(&s);
	if (plan->caller != -1)
		client_run(&s, client_new(&s, plan->caller, DOOR_CHILD,
		    net_peer_uid(plan->caller)));
	loop(&s);
	close_all(&s);
}

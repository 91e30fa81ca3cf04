/*
 * connections - from accept to the end of a session.
 *
 * Not a byte that a client sends is read here: a session's "begun" and its
 * end come over the lifetime socket.
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "smtpd/admission.h"

#define ACCEPT_BATCH 64
#define ACCEPT_PAUSE 100	/* ms after EMFILE, ENFILE, ENOMEM */
#define TRIES_MOST 3		/* templates that one connection is passed to */
#define DROP_MOST (1 << 20)
#define REPORTS_MOST 8		/* of one session in a row */
#define LOST_MOST 10000		/* lines of one session's log */

/*
 * What the client said behind our back is dropped by the kernel, unseen by us
 * (TCP's MSG_TRUNC): left unread it would make a reset of the end, and that
 * takes the line from clients of other systems.
 */
static void
part(struct farewell *f)
{
	struct iovec nowhere = { .iov_len = DROP_MOST };
	struct msghdr m = { .msg_iov = &nowhere, .msg_iovlen = 1 };

	(void)!recvmsg(f->fd, &m, MSG_TRUNC | MSG_DONTWAIT);
	close(f->fd);
	f->fd = -1;
}

/* One line without a fork; the copy stays open until the client has read. */
static void
turn_away(struct daemon *d, int fd, bool silent, const struct limit_hit *h)
{
	struct farewell *f = &d->farewell[d->farewells++ % FAREWELLS];
	char line[512], when[40] = "later";
	int n;

	if (f->fd >= 0)
		part(f);
	if (h->free_ms > 0)
		snprintf(when, sizeof when, "in %lld s",
		    (long long)(h->free_ms + 999) / 1000);
	n = snprintf(line, sizeof line,
	    "421 %s %.255s too busy (%s), try again %s\r\n", h->enhanced,
	    d->plan.hostname, h->rule != NULL ? h->rule : h->limit, when);
	if (!silent)
		(void)!send(fd, line, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL);
	shutdown(fd, SHUT_WR);
	f->fd = fd;
	f->until = clock_ms() + FAREWELL_MS;
}

static void
log_refusal(const struct netaddr *peer, const char *listener,
    const struct limit_hit *h)
{
	struct logline l;
	char text[NET_TEXT];

	log_begin(&l, LEVEL_NOTICE, "refuse");
	log_word(&l, "ip", net_text(peer, text));
	log_word(&l, "listener", listener);
	log_word(&l, "code", "421");
	log_word(&l, "enh", h->enhanced);
	log_word(&l, "reason", "limit");
	log_word(&l, "limit", h->limit);
	log_word(&l, "key", h->key);
	log_num(&l, "value", h->value);
	log_num(&l, "most", h->most);
	if (h->section[0] != '\0')
		log_word(&l, "of", h->section);
	if (h->free_ms > 0)
		log_num(&l, "free-ms", h->free_ms);
	if (h->rule != NULL)
		log_text(&l, "rule", h->rule);
	log_end(&l);
}

static void
admit(struct daemon *d, int fd, const struct plan_socket *via,
    const struct netaddr *peer)
{
	struct slots *s = &d->slots;
	struct limit_subject who = { .peer = *peer,
	    .listener = (int16_t)via->listener, .channel = -1,
	    .reserved = peer->family == 0 ||
	    limits_reserved(&d->plan, peer),
	    .proxy = limits_proxy(&d->plan, via->listener, peer) };
	struct limit_hit hit = { .limit = "slots", .enhanced = "4.3.2",
	    .section = "", .key = "all", .value = s->used, .most = s->room };

	if (s->free != SLOT_NONE &&
	    limits_ask(&s->limits, &d->plan, &who, &hit) == 0 &&
	    admission_connect(d, &who, &hit) == 0 &&
	    slots_take(s, fd, &who, &via->at) != SLOT_NONE)
		return;
	log_refusal(peer, via->name, &hit);
	turn_away(d, fd, via->tls != 0, &hit);
}

void
connections_accept(struct daemon *d, uint32_t listener)
{
	struct sockaddr_storage ss;
	struct netaddr peer;
	socklen_t len;
	int fd;

	for (int i = 0; i < ACCEPT_BATCH; i++) {
		len = sizeof ss;
		fd = accept4(d->listeners.fd[listener], (struct sockaddr *)&ss,
		    &len, SOCK_CLOEXEC);
		if (fd >= 0) {
			net_from_sockaddr(&peer, (struct sockaddr *)&ss);
			admit(d, fd, &d->plan.sockets[listener], &peer);
			continue;
		}
		if (errno == EAGAIN)
			break;
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM ||
		    errno == ENOBUFS) {
			log_note(LEVEL_ERROR, "accept: %s", strerror(errno));
			connections_arm(d, false);
			d->accept_again = clock_ms() + ACCEPT_PAUSE;
			break;
		}
		/* ECONNABORTED and the network's errors are the client's. */
	}
	connections_flush(d);
}

/* No session for it: the client hears so from us. */
static void
give_up(struct daemon *d, uint32_t n, const char *why)
{
	struct limit_hit hit = { .limit = why, .enhanced = "4.3.2" };

	turn_away(d, d->slots.at[n].conn, false, &hit);
	d->slots.at[n].conn = -1;
	slots_free(&d->slots, n);
}

/*
 * As slots_pass().  Reloads may have taken away the listener of those that
 * wait: no settings are theirs.
 */
static int64_t
pass_next(struct daemon *d, int sock)
{
	struct slots *s = &d->slots;

	while (s->first != SLOT_NONE && s->at[s->first].who.listener < 0)
		give_up(d, slots_waiting(s), "no listener");
	return slots_pass(s, sock);
}

void
connections_flush(struct daemon *d)
{
	struct child *t = &d->child[CHILD_TEMPLATE];
	int64_t n;

	if (!t->ready)
		return;
	while ((n = pass_next(d, t->control)) >= 0 && n != SLOT_NONE) {
		d->slots.at[n].to = t->pid;
		d->slots.at[n].generation = d->generation;
		d->template_served++;
		if (daemon_watch(d, d->slots.at[n].life, WATCH_LIFE,
		    (uint32_t)n, EPOLLIN) != 0) {
			/* Not to be supervised: then it may not go on. */
			log_note(LEVEL_ERROR, "epoll: %s", strerror(errno));
			slots_free(&d->slots, (uint32_t)n);
		}
	}
	/* With EAGAIN the next acknowledgement or tick tries again. */
}

/*
 * End of file, and no session has begun: the template could not fork, or it
 * died with the connection in its queue.  It is tried again, by its successor
 * if need be.
 */
static void
never_begun(struct daemon *d, uint32_t n)
{
	if (d->slots.at[n].tries < TRIES_MOST && d->drain_until == 0) {
		slots_again(&d->slots, n);
		return;
	}
	log_note(LEVEL_ERROR, "a session could not be started");
	give_up(d, n, "no process");
}

/*
 * The session's own number, in the order of the settings that it has.  -1 if
 * there is no such channel, or none any more.
 */
static int16_t
channel_of(const struct daemon *d, const struct slot *s, uint32_t number)
{
	if (number < CONF_CHANNELS && s->generation + 1 == d->generation)
		return d->channel_map[number];
	if (number >= CONF_CHANNELS || s->generation != d->generation ||
	    d->plan.sections[PLAN_CHANNEL(number)].name[0] == '\0')
		return -1;
	return (int16_t)number;
}

static struct life_answer
refusal(const struct limit_hit *h)
{
	struct life_answer a = { .refused = 1, .value = h->value,
	    .most = h->most, .free_ms = h->free_ms };

	snprintf(a.limit, sizeof a.limit, "%s", h->rule != NULL ? h->rule :
	    h->limit);
	return a;
}

/*
 * Of a listed proxy the session is believed: then it is its client that is
 * counted, as if that had connected now.  A connection stays counted as it
 * was when that is too much.
 */
static void
enter_client(struct daemon *d, struct slot *s, const struct life_report *r)
{
	struct limits *l = &d->slots.limits;
	struct limit_subject who = { .peer = r->client,
	    .listener = s->who.listener, .channel = -1,
	    .reserved = limits_reserved(&d->plan, &r->client) };
	struct limit_hit hit = { .limit = "proxies" };
	struct life_answer a = { 0 };

	limits_leave(l, &s->who);
	if (s->proxy && net_good(&r->client) &&
	    limits_ask(l, &d->plan, &who, &hit) == 0 &&
	    admission_connect(d, &who, &hit) == 0) {
		s->who = who;
		s->told = false;
	} else {
		a = refusal(&hit);
	}
	limits_enter(l, &s->who);
	slots_tell(&d->slots, (uint32_t)(s - d->slots.at));
	life_reply(s->life, &a);
}

/* A channel is counted once; who only tells it is let in by its settings. */
static void
enter_channel(struct daemon *d, struct slot *s, const struct life_report *r)
{
	struct limit_subject who = s->who;
	struct life_answer a = { 0 };
	struct limit_hit hit;

	if (s->told)
		return;
	s->told = true;
	who.channel = channel_of(d, s, r->channel);
	if (who.channel >= 0 && r->kind == LIFE_ASK &&
	    admission_channel(d, &who, &hit) != 0) {
		a = refusal(&hit);
	} else if (who.channel >= 0) {
		s->who.channel = who.channel;
		limits_enter_channel(&d->slots.limits, &s->who);
		slots_tell(&d->slots, (uint32_t)(s - d->slots.at));
	}
	if (r->kind == LIFE_ASK)
		life_reply(s->life, &a);
}

static void
heard(struct daemon *d, struct slot *s, const struct life_report *r)
{
	/* Where one waits for us others will: until the next settings. */
	d->asked = d->asked || r->kind == LIFE_ASK || r->kind == LIFE_CLIENT;
	switch (r->kind) {
	case LIFE_BEGUN:
		if (s->conn >= 0)
			close(s->conn);
		s->conn = -1;
		break;
	case LIFE_CHANNEL:
	case LIFE_ASK:
		enter_channel(d, s, r);
		break;
	case LIFE_CLIENT:
		enter_client(d, s, r);
		break;
	case LIFE_END:
	case LIFE_TROUBLE:
		s->ended |= r->kind == LIFE_END;
		admission_trouble(d, &s->who, r);
		break;
	case LIFE_LOST:
		if (!s->ended || s->lost)
			break;
		s->lost = true;
		log_lose(r->errors < LOST_MOST ? r->errors : LOST_MOST);
		break;
	}
}

void
connections_life(struct daemon *d, uint32_t n)
{
	struct slot *s = &d->slots.at[n];
	struct life_report r;
	int got = -1;

	for (int i = 0; s->life >= 0 && i < REPORTS_MOST &&
	    (got = life_hear(s->life, &r)) > 0; i++)
		heard(d, s, &r);
	if (got != 0)
		return;
	if (s->conn >= 0) {
		never_begun(d, n);
		return;
	}
	if (!s->ended)
		admission_crash(d, &s->who);
	slots_free(&d->slots, n);
}

/*
 * A template that was given connections and begins none is stuck: it is
 * killed, and its successor gets them all.  Where this frees nothing, a
 * session itself is stuck, or a template that was let go: then we give up.
 */
static void
watch_begin(struct daemon *d, int64_t now)
{
	pid_t template = d->child[CHILD_TEMPLATE].pid;
	bool stuck = false;

	for (uint32_t i = 0; i < d->slots.room; i++) {
		struct slot *s = &d->slots.at[i];

		if (s->life < 0 || s->conn < 0 ||
		    now - s->since <= d->plan.start_ms)
			continue;
		if (s->to != 0 && s->to == template) {
			stuck = true;
			s->to = 0;
			s->since = now;
		} else {
			log_note(LEVEL_ERROR, "a session does not begin");
			give_up(d, i, "no process");
		}
	}
	if (stuck) {
		log_note(LEVEL_ERROR, "the template is stuck");
		kill(template, SIGKILL);
	}
}

void
connections_tick(struct daemon *d, int64_t now)
{
	for (size_t i = 0; i < FAREWELLS; i++) {
		struct farewell *f = &d->farewell[i];

		if (f->fd >= 0 && f->until <= now)
			part(f);
	}
	if (d->accept_again != 0 && d->accept_again <= now) {
		d->accept_again = 0;
		connections_arm(d, true);
	}
	connections_flush(d);
	if (d->slots.used > 0)
		watch_begin(d, now);
}

void
connections_drain(struct daemon *d, int how)
{
	uint32_t waiting;

	for (uint32_t i = 0; i < d->slots.room; i++)
		if (d->slots.at[i].life >= 0)
			shutdown(d->slots.at[i].life, how);
	/* Those that wait for a template would be asked no more. */
	while ((waiting = slots_waiting(&d->slots)) != SLOT_NONE)
		give_up(d, waiting, "stopping");
}

void
connections_arm(struct daemon *d, bool on)
{
	bool failed = false;

	if (d->accepting == on || (on && (d->drain_until != 0 ||
	    d->accept_again != 0 || !d->child[CHILD_TEMPLATE].ready)))
		return;
	for (int i = 0; i < d->listeners.n; i++)
		if (on && d->listeners.fd[i] >= 0)
			failed |= daemon_watch(d, d->listeners.fd[i],
			    WATCH_LISTENER, (uint32_t)i, EPOLLIN) != 0;
	for (int i = 0; i < d->listeners.n; i++)
		if ((!on || failed) && d->listeners.fd[i] >= 0)
			epoll_ctl(d->ep, EPOLL_CTL_DEL, d->listeners.fd[i],
			    NULL);
	d->accepting = on && !failed;
	if (failed) {
		log_note(LEVEL_ERROR, "epoll: %s", strerror(errno));
		d->accept_again = clock_ms() + ACCEPT_PAUSE;
	}
}

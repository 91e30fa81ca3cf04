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
#include "smtpd/daemon.h"

#define ACCEPT_BATCH 64
#define ACCEPT_PAUSE 100	/* ms after EMFILE, ENFILE, ENOMEM */
#define TRIES_MOST 3		/* templates that one connection is passed to */

/* One line without a fork; the copy stays open until the client has read. */
static void
turn_away(struct daemon *d, int fd, bool silent, const char *why)
{
	struct farewell *f = &d->farewell[d->farewells++ % FAREWELLS];
	char line[512];
	int n;

	if (f->fd >= 0)
		close(f->fd);
	n = snprintf(line, sizeof line,
	    "421 4.3.2 %.255s too busy (%s), try again later\r\n",
	    d->plan.hostname, why);
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
	log_word(&l, "enh", "4.3.2");
	log_word(&l, "reason", "limit");
	log_word(&l, "limit", h->limit);
	log_word(&l, "key", h->key.family != 0 ? net_text(&h->key, text) :
	    "all");
	log_num(&l, "value", h->value);
	log_num(&l, "most", h->most);
	log_end(&l);
}

static void
admit(struct daemon *d, int fd, const struct plan_socket *via,
    const struct netaddr *peer)
{
	struct slots *s = &d->slots;
	struct limit_hit hit;
	int bits = limits_prefix_bits(&d->plan, peer);

	if (limits_enter(&s->limits, &d->plan, via, peer, &hit) != 0) {
		log_refusal(peer, via->name, &hit);
		turn_away(d, fd, via->tls != 0, hit.limit);
		return;
	}
	if (slots_take(s, fd, peer, via, bits) == SLOT_NONE) {
		limits_leave(&s->limits, via->listener, peer, bits);
		hit = (struct limit_hit){ .limit = "slots",
		    .value = s->used, .most = s->room };
		log_refusal(peer, via->name, &hit);
		turn_away(d, fd, via->tls != 0, hit.limit);
	}
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

void
connections_flush(struct daemon *d)
{
	struct child *t = &d->child[CHILD_TEMPLATE];
	int64_t n;

	if (!t->ready)
		return;
	while ((n = slots_pass(&d->slots, t->control)) != SLOT_NONE) {
		if (n < 0)
			break;
		d->slots.at[n].to = t->pid;
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

/* No session for it: the client hears so from us. */
static void
give_up(struct daemon *d, uint32_t n, const char *why)
{
	turn_away(d, d->slots.at[n].conn, false, why);
	d->slots.at[n].conn = -1;
	slots_free(&d->slots, n);
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

void
connections_life(struct daemon *d, uint32_t n)
{
	struct slot *s = &d->slots.at[n];
	char c[16];
	ssize_t got;

	if (s->life < 0)
		return;
	got = recv(s->life, c, sizeof c, 0);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got > 0) {
		if (s->conn >= 0)
			close(s->conn);
		s->conn = -1;
		got = recv(s->life, c, sizeof c, 0);
		if (got > 0 || (got < 0 && errno == EAGAIN))
			return;
	}
	if (s->conn >= 0)
		never_begun(d, n);
	else
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

		if (f->fd >= 0 && f->until <= now) {
			close(f->fd);
			f->fd = -1;
		}
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
connections_drain(struct daemon *d)
{
	uint32_t waiting;

	/* A session sees this between two commands, and says 421. */
	for (uint32_t i = 0; i < d->slots.room; i++)
		if (d->slots.at[i].life >= 0)
			shutdown(d->slots.at[i].life, SHUT_WR);
	/* Those that wait for a template would be asked no more. */
	while ((waiting = slots_waiting(&d->slots)) != SLOT_NONE)
		give_up(d, waiting, "stopping");
}

void
connections_arm(struct daemon *d, bool on)
{
	if (d->accepting == on || (on && (d->drain_until != 0 ||
	    d->accept_again != 0 || !d->child[CHILD_TEMPLATE].ready)))
		return;
	for (int i = 0; i < d->listeners.n; i++) {
		if (d->listeners.fd[i] < 0)
			continue;
		if (!on)
			epoll_ctl(d->ep, EPOLL_CTL_DEL, d->listeners.fd[i],
			    NULL);
		else if (daemon_watch(d, d->listeners.fd[i], WATCH_LISTENER,
		    (uint32_t)i, EPOLLIN) != 0)
			fatal(71, "epoll: %s", strerror(errno));
	}
	d->accepting = on;
}

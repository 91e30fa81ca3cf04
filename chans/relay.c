/*
 * relay - sends the mail of one channel to other mail systems.
 *
 * Runs as the submit user, in ch_smtp and ch_lmtp; opens no file of the
 * queue but the one it was given.  Trusts no server with more than the mail.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "chans/relay.h"
#include "chans/relay_dead.h"
#include "chans/relay_hosts.h"
#include "chans/relay_mail.h"
#include "lib/clock.h"
#include "lib/text.h"
#include "lib/xalloc.h"

#define KEPT 8			/* connections that wait for more mail */
#define DEAD_FIRST 30000	/* ms */

struct kept {
	bool open;
	char domain[256];	/* what it is good for */
	struct relay_talk talk;
};

struct relay {
	struct relay_side side;
	const struct settings *s;
	struct relay_dead dead;
	struct kept kept[KEPT];
};

/* Recipients of one message that go to the same servers. */
struct group {
	char domain[256];
	struct relay_rcpt *rcpt;
	size_t n;
};

static void
drop(struct kept *k)
{
	if (k->open)
		relay_talk_quit(&k->talk);
	k->open = false;
}

/* May one more message be sent over it? */
static bool
reusable(const struct relay *r, const struct kept *k, int64_t now)
{
	const struct relay_talk *t = &k->talk;

	return t->sent < r->s->relay_reuse &&
	    (t->caps.mail_most == 0 || t->sent < t->caps.mail_most) &&
	    now - t->used < r->s->relay_idle;
}

static struct kept *
find_kept(struct relay *r, const char *domain)
{
	int64_t now = clock_ms();
	struct kept *k;

	for (k = r->kept; k < r->kept + KEPT; k++) {
		if (!k->open || strcmp(k->domain, domain) != 0)
			continue;
		if (reusable(r, k, now))
			return k;
		drop(k);
	}
	return NULL;
}

/* A place for a connection: the one that was idle longest makes room. */
static struct kept *
make_room(struct relay *r)
{
	struct kept *oldest = r->kept, *k;

	for (k = r->kept; k < r->kept + KEPT; k++) {
		if (!k->open)
			return k;
		if (k->talk.used < oldest->talk.used)
			oldest = k;
	}
	drop(oldest);
	return oldest;
}

/* Has every recipient its answer? */
static bool
over(const struct group *g)
{
	size_t i;

	for (i = 0; i < g->n; i++) {
		if (!g->rcpt[i].done)
			return false;
	}
	return true;
}

/* What no server took; where none has failed, its answer may stand. */
static void
answer_rest(struct group *g, const struct chan_answer *fault)
{
	struct chan_answer *a;
	size_t i;

	for (i = 0; i < g->n; i++) {
		a = g->rcpt[i].answer;
		if (g->rcpt[i].done)
			continue;
		g->rcpt[i].done = true;
		if (g->rcpt[i].elsewhere && fault->code[0] == '\0')
			continue;
		chanproto_fill(a, (enum chan_outcome)fault->outcome,
		    fault->code, "%s", fault->text);
		a->flags = fault->flags;
	}
}

/* Over a connection that is open; then it is kept, or closed. */
static void
send_over(struct relay *r, struct kept *k, struct relay_mail *m,
    struct group *g, struct chan_answer *fault_r)
{
	if (relay_mail_send(&k->talk, m, g->rcpt, g->n, fault_r) == -1) {
		relay_talk_close(&k->talk);
		k->open = false;
	} else if (!reusable(r, k, clock_ms()))
		drop(k);
}

static int64_t
least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Tries one server; whether it could be reached. */
static bool
try_host(struct relay *r, const struct relay_host *host,
    struct relay_mail *m, struct group *g, struct chan_answer *fault_r)
{
	struct kept *k;

	if (relay_dead_is(&r->dead, &host->place, clock_ms(), fault_r))
		return false;
	k = make_room(r);
	if (relay_talk_open(&k->talk, &r->side, host, fault_r) == -1) {
		relay_dead_mark(&r->dead, &host->place, clock_ms(),
		    least(r->s->pause_first, DEAD_FIRST), r->s->pause_first,
		    fault_r);
		return false;
	}
	relay_dead_clear(&r->dead, &host->place);
	/* What was said on the way to it, of TLS, is over. */
	*fault_r = (struct chan_answer){ .outcome = CHAN_LATER };
	k->open = true;
	memcpy(k->domain, g->domain, sizeof k->domain);
	send_over(r, k, m, g, fault_r);
	return true;
}

/*
 * One server after the other, until each recipient has an answer.  That a
 * server never takes mail is final only if all of them say so.
 */
static void
try_hosts(struct relay *r, const struct relay_hosts *h,
    struct relay_mail *m, struct group *g)
{
	struct chan_answer why = { .outcome = CHAN_LATER }, fault;
	bool reached = false, never = true;
	size_t i;

	for (i = 0; i < h->n && !over(g); i++) {
		fault = (struct chan_answer){ .outcome = CHAN_LATER };
		if (try_host(r, &h->at[i], m, g, &fault))
			reached = true;
		if (fault.code[0] == '\0')
			continue;	/* it has not failed */
		if (why.code[0] == '\0' ||
		    (never && fault.outcome != CHAN_NEVER))
			why = fault;
		never = never && fault.outcome == CHAN_NEVER;
	}
	if (!reached && why.outcome == CHAN_LATER)
		why.flags |= CHAN_HOST_DOWN;
	answer_rest(g, &why);
}

static void
send_group(struct relay *r, struct relay_mail *m, struct group *g)
{
	struct chan_answer fault = { .outcome = CHAN_LATER };
	struct relay_hosts h;
	struct kept *k = find_kept(r, g->domain);

	/* One that was kept may have ended meanwhile: that says nothing. */
	if (k != NULL)
		send_over(r, k, m, g, &fault);
	if (over(g))
		return;
	if (relay_hosts_find(r->s, g->domain, &h, &fault) == -1)
		answer_rest(g, &fault);
	else
		try_hosts(r, &h, m, g);
}

/* Where fixed servers take all mail, it is all for one destination. */
static void
name_domain(const struct relay *r, const struct qfile_recipient *to,
    char dst[256])
{
	dst[0] = '\0';
	if (relay_hosts_by_domain(r->s) &&
	    text_copy(dst, 256, to->host) == 0)
		text_lower(dst);
}

void
relay_deliver(struct chan *c, const struct chan_batch *b)
{
	struct relay *r = c->own;
	struct relay_mail m = { .q = b->q, .deadline = clock_ms() +
	    r->s->relay_message_time, .body = { .p = b->message,
	    .len = b->len, .binary = strcmp(b->q->body, "BINARYMIME") == 0 } };
	struct relay_rcpt *rcpt = xcalloc(b->n, sizeof *rcpt);
	bool *taken = xcalloc(b->n, sizeof *taken);
	struct group g = { .rcpt = rcpt };
	const struct qfile_recipient *to;
	char domain[256];
	size_t i, first;

	relay_body_look(&m.body);
	for (first = 0; first < b->n; first++) {
		if (taken[first])
			continue;
		g.n = 0;
		for (i = first; i < b->n; i++) {
			to = &b->q->recipients[b->answer[i].index];
			name_domain(r, to, domain);
			if (i == first)
				memcpy(g.domain, domain, sizeof g.domain);
			if (taken[i] || strcmp(domain, g.domain) != 0)
				continue;
			taken[i] = true;
			rcpt[g.n++] = (struct relay_rcpt){ .to = to,
			    .answer = &b->answer[i] };
		}
		send_group(r, &m, &g);
	}
	relay_mail_free(&m);
	free(taken);
	free(rcpt);
}

/* Connections that were idle too long are ended; when the next one is. */
int
relay_idle(struct chan *c)
{
	struct relay *r = c->own;
	int64_t now = clock_ms(), left, next = -1;
	struct kept *k;

	for (k = r->kept; k < r->kept + KEPT; k++) {
		if (!k->open)
			continue;
		left = k->talk.used + r->s->relay_idle - now;
		if (left <= 0)
			drop(k);
		else if (next == -1 || left < next)
			next = left;
	}
	return (int)next;
}

int
relay_open(struct chan *c, const struct relay_kind *kind)
{
	struct relay *r = xcalloc(1, sizeof *r);

	r->s = &c->s;
	r->side = (struct relay_side){ .kind = kind, .s = &c->s };
	c->own = r;
	if (kind->tls != NULL && c->s.relay_tls != RELAY_TLS_OFF) {
		r->side.tls = kind->tls->open(&c->s);
		if (r->side.tls == NULL)
			return -1;
	}
	if (kind->auth != NULL && c->s.relay_login[0] != '\0') {
		r->side.auth = kind->auth->open(&c->s);
		if (r->side.auth == NULL)
			return -1;
	}
	return 0;
}

void
relay_close(struct chan *c)
{
	struct relay *r = c->own;
	struct kept *k;

	for (k = r->kept; k < r->kept + KEPT; k++)
		drop(k);
	if (r->side.tls != NULL)
		r->side.kind->tls->close(r->side.tls);
	if (r->side.auth != NULL)
		r->side.kind->auth->close(r->side.auth);
	free(r);
}

/*
 * hosts - MX, then A and AAAA; or A and AAAA, then MX (RFC 5321 5.1, 4.1.4;
 * RFC 7505; for this host among the MX hosts RFC 974).
 *
 * Of MX hosts only those of the best preference matter: if this host is one
 * of them, it and all others are dropped, and else one of them remains.
 * Whether the others have addresses is found out by who sends to them.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include "lib/xalloc.h"
#include "tables/hosts.h"

/* What the answers about addresses have said. */
struct seen {
	bool data, holds, unsure;
	bool unsure_family;	/* the one of the address that is wanted */
};

struct host {
	struct confirms *set;
	enum ask_kind kind;
	struct netaddr address;
	struct dnsname name;
	struct dnsmsg_want want;
	void (*done)(void *arg, const struct verdict *v);
	void *arg;
	bool named;		/* the addresses are those of MX hosts */
	int waiting;		/* questions without an answer */
	uint32_t ttl;
	struct seen seen;
	int n;
	struct query queries[1 + 2 * DNSMSG_NAMES];
};

static void got_mx(void *arg, const struct dnsmsg *m);
static void got_a(void *arg, const struct dnsmsg *m);
static void got_aaaa(void *arg, const struct dnsmsg *m);

static void
say(struct host *h, enum ask_host outcome, bool differs)
{
	struct verdict v = { .outcome = (int)outcome, .differs = differs,
	    .ttl = outcome == ASK_HOST_LATER ? CONFIRM_LATER : h->ttl };

	h->set->live--;
	h->done(h->arg, &v);
	free(h);
}

static void
ask(struct host *h, enum dnsmsg_type type, const struct dnsname *name)
{
	struct query *q = &h->queries[h->n++];

	q->dns = h->set->dns;
	q->type = type;
	q->want = &h->want;
	q->done = type == DNSMSG_MX ? got_mx : type == DNSMSG_A ? got_a :
	    got_aaaa;
	q->arg = h;
	query_start(q, name);
}

/* Counted before any is asked, for answers may come at once, and end h. */
static void
ask_addresses(struct host *h, const struct dnsname *names, int n)
{
	int i;

	h->waiting = 2 * n;
	for (i = 0; i < n; i++) {
		ask(h, DNSMSG_A, &names[i]);
		ask(h, DNSMSG_AAAA, &names[i]);
	}
}

/* All addresses are known that can be known. */
static void
judge_addresses(struct host *h)
{
	const struct seen *s = &h->seen;
	bool wanted = h->want.naddresses > 0;

	if (h->kind == ASK_AWAY && s->holds)
		say(h, ASK_HOST_SELF, false);
	else if (s->holds)
		say(h, ASK_HOST_FOUND, false);
	else if (wanted && s->unsure_family)
		say(h, ASK_HOST_LATER, false);
	else if (s->data || h->named)
		say(h, ASK_HOST_FOUND, h->kind == ASK_HOST && wanted);
	else if (s->unsure)
		say(h, ASK_HOST_LATER, false);
	else if (h->kind == ASK_HOST)
		ask(h, DNSMSG_MX, &h->name);
	else
		say(h, ASK_HOST_NONE, false);
}

static void
got_address(struct host *h, const struct dnsmsg *m, int family)
{
	int i;

	if (m->ttl < h->ttl)
		h->ttl = m->ttl;
	if (m->outcome == DNSMSG_DATA) {
		h->seen.data = true;
		h->seen.holds = h->seen.holds || m->holds;
	}
	if (m->outcome == DNSMSG_BAD) {
		h->seen.unsure = true;
		for (i = 0; i < h->want.naddresses; i++)
			if (h->want.addresses[i].family == family)
				h->seen.unsure_family = true;
	}
	if (--h->waiting == 0)
		judge_addresses(h);
}

static void
got_a(void *arg, const struct dnsmsg *m)
{
	got_address(arg, m, 4);
}

static void
got_aaaa(void *arg, const struct dnsmsg *m)
{
	got_address(arg, m, 6);
}

/* The domain is its own MX: is it a name of ours? */
static bool
is_self(const struct host *h)
{
	int i;

	for (i = 0; i < h->want.nnames; i++)
		if (dnsname_same(&h->name, &h->want.names[i]))
			return true;
	return false;
}

/* There is an MX. */
static void
judge_mx(struct host *h, const struct dnsmsg *m)
{
	if (m->null)
		say(h, h->kind == ASK_HOST ? ASK_HOST_NONE : ASK_HOST_NULL,
		    false);
	else if (m->n == 0)
		say(h, ASK_HOST_NONE, false);
	else if (h->kind == ASK_HOST)
		say(h, ASK_HOST_FOUND, h->address.family != 0);
	else if (h->kind == ASK_AWAY && m->holds)
		say(h, ASK_HOST_SELF, false);
	else if (h->kind == ASK_AWAY && h->want.naddresses > 0) {
		h->named = true;
		ask_addresses(h, m->names, m->n);
	} else
		say(h, ASK_HOST_FOUND, false);
}

static void
got_mx(void *arg, const struct dnsmsg *m)
{
	struct host *h = arg;

	if (m->ttl < h->ttl)
		h->ttl = m->ttl;
	switch (m->outcome) {
	case DNSMSG_DATA:
		judge_mx(h, m);
		break;
	case DNSMSG_NONE:
		if (h->kind == ASK_HOST)
			say(h, ASK_HOST_NONE, false);
		else if (is_self(h))
			say(h, ASK_HOST_SELF, false);
		else
			ask_addresses(h, &h->name, 1);
		break;
	case DNSMSG_ALIAS:	/* a query has none */
	case DNSMSG_BAD:
		say(h, ASK_HOST_LATER, false);
		break;
	}
}

void
host_self(struct confirms *s, const char *hostname,
    const struct strings *more)
{
	struct dnsname *names = xcalloc(more->n + 1, sizeof(*names));
	struct netaddr *addresses = xcalloc(more->n + 1, sizeof(*addresses));
	struct dnsmsg_want *self = &s->self;
	size_t i;

	if (dnsname_parse(&names[0], hostname) == 0)
		self->nnames++;
	for (i = 0; i < more->n; i++) {
		if (net_parse(more->at[i], &addresses[self->naddresses]) == 0)
			self->naddresses++;
		else if (dnsname_parse(&names[self->nnames],
		    more->at[i]) == 0)
			self->nnames++;
	}
	self->names = names;
	self->addresses = addresses;
}

void
host_start(struct confirms *set, enum ask_kind kind,
    const struct netaddr *a, const struct dnsname *name,
    void (*done)(void *arg, const struct verdict *v), void *arg)
{
	struct verdict later = { .outcome = ASK_HOST_LATER };
	struct host *h;

	if (set->live >= CONFIRM_MOST) {
		done(arg, &later);
		return;
	}
	set->live++;
	h = xcalloc(1, sizeof(*h));
	h->set = set;
	h->kind = kind;
	h->address = *a;
	h->name = *name;
	h->done = done;
	h->arg = arg;
	h->ttl = INT32_MAX;
	if (kind == ASK_AWAY)
		h->want = set->self;
	if (kind == ASK_HOST && a->family != 0)
		h->want = (struct dnsmsg_want){ .naddresses = 1,
		    .addresses = &h->address };
	if (kind == ASK_HOST)
		ask_addresses(h, &h->name, 1);
	else
		ask(h, DNSMSG_MX, &h->name);
}

/*
 * confirm - one PTR question, then an A or AAAA question for each of its
 * names (RFC 1035 3.5, RFC 3596 2.5).
 *
 * Names come from whoever holds the reverse zone: only what can be a host's
 * name is asked for or given out.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include "lib/xalloc.h"
#include "tables/confirm.h"

#define UNSURE_TTL 60	/* another name might have been the first */

enum state { WAITING, CONFIRMS, DIFFERS, UNSURE };

/* One question to the name service, aliases included. */
struct step {
	struct confirm *owner;
	enum dnsmsg_type type;
	enum state state;
	uint32_t ttl;
	int hops;
	struct dnsname at;	/* what is being asked for */
	char host[DNSNAME_TEXT];
};

struct confirm {
	struct confirms *set;
	struct netaddr address;
	void (*done)(void *arg, const struct verdict *v);
	void *arg;
	int waiting;		/* questions without an answer */
	bool said;		/* done was called */
	struct step ptr;
	int n;
	struct step names[DNSMSG_NAMES];
};

static void answered(void *arg, const uint8_t *p, size_t len);

static void
ask(struct step *s)
{
	s->owner->waiting++;
	dns_ask(s->owner->set->dns, &s->at, s->type, answered, s);
}

static void
say(struct confirm *c, enum ask_outcome outcome, uint32_t ttl,
    const char *name)
{
	struct verdict v = { .outcome = outcome, .ttl = ttl,
	    .differs = outcome == ASK_NONE && c->n > 0 };

	if (c->said)
		return;
	c->said = true;
	memcpy(v.name, name, strlen(name) + 1);	/* shorter than DNSNAME_TEXT */
	c->done(c->arg, &v);
}

/*
 * The names in their order: the first that confirms is the answer, as soon
 * as all before it are settled.
 */
static void
judge(struct confirm *c)
{
	uint32_t ttl = c->ptr.ttl;
	bool unsure = c->ptr.state == UNSURE;
	int i;

	for (i = 0; i < c->n && !unsure; i++)
		unsure = c->names[i].state == UNSURE;
	for (i = 0; i < c->n; i++) {
		struct step *s = &c->names[i];

		if (s->state == WAITING)
			return;
		if (s->state == UNSURE && ttl > UNSURE_TTL)
			ttl = UNSURE_TTL;
		if (s->state == CONFIRMS) {
			say(c, ASK_FOUND, s->ttl < ttl ? s->ttl : ttl,
			    s->host);
			return;
		}
		if (s->ttl < ttl)
			ttl = s->ttl;
	}
	if (unsure)
		say(c, ASK_LATER, CONFIRM_LATER, "");
	else
		say(c, ASK_NONE, ttl, "");
}

static void
ask_names(struct confirm *c, const struct dnsmsg *m)
{
	struct step *s;
	int i;

	for (i = 0; i < m->n; i++) {
		s = &c->names[c->n];
		if (dnsname_host(&m->names[i], s->host) == -1)
			continue;
		s->owner = c;
		s->type = c->address.family == 4 ? DNSMSG_A : DNSMSG_AAAA;
		s->state = WAITING;
		s->ttl = UINT32_MAX;
		s->at = m->names[i];
		c->n++;
	}
	for (i = 0; i < c->n; i++)
		ask(&c->names[i]);
}

/* What the answer's bytes say about step s. */
static void
take(struct step *s, const uint8_t *p, size_t len)
{
	struct confirm *c = s->owner;
	struct dnsmsg m;

	if (p == NULL) {
		s->state = UNSURE;
		return;
	}
	dnsmsg_read(p, len, &s->at, s->type,
	    s->type == DNSMSG_PTR ? NULL : &c->address, &m);
	if (m.outcome != DNSMSG_BAD && m.ttl < s->ttl)
		s->ttl = m.ttl;
	switch (m.outcome) {
	case DNSMSG_DATA:
		s->state = m.holds ? CONFIRMS : DIFFERS;
		if (s->type == DNSMSG_PTR)
			ask_names(c, &m);
		break;
	case DNSMSG_NONE:
		s->state = DIFFERS;
		break;
	case DNSMSG_ALIAS:
		if (++s->hops > DNSMSG_HOPS) {
			s->state = UNSURE;
			break;
		}
		s->at = m.alias;
		ask(s);
		break;
	case DNSMSG_BAD:
		s->state = UNSURE;
		break;
	}
}

static void
answered(void *arg, const uint8_t *p, size_t len)
{
	struct step *s = arg;
	struct confirm *c = s->owner;

	/* Still counted, so that answers which come at once do not end it. */
	take(s, p, len);
	c->waiting--;
	if (c->ptr.state != WAITING)
		judge(c);
	if (c->waiting == 0) {
		c->set->live--;
		free(c);
	}
}

void
confirm_start(struct confirms *set, const struct netaddr *a,
    void (*done)(void *arg, const struct verdict *v), void *arg)
{
	struct verdict later = { .outcome = ASK_LATER, .ttl = 0 };
	struct confirm *c;

	if (set->live >= CONFIRM_MOST) {
		done(arg, &later);
		return;
	}
	set->live++;
	c = xcalloc(1, sizeof(*c));
	c->set = set;
	c->address = *a;
	c->done = done;
	c->arg = arg;
	c->ptr.owner = c;
	c->ptr.type = DNSMSG_PTR;
	c->ptr.state = WAITING;
	c->ptr.ttl = UINT32_MAX;
	dnsname_reverse(&c->ptr.at, a);
	ask(&c->ptr);
}

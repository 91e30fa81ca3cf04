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

struct step {
	struct confirm *owner;
	struct query query;
	enum state state;
	uint32_t ttl;
	char host[DNSNAME_TEXT];
};

struct confirm {
	struct confirms *set;
	struct netaddr address;
	struct dnsmsg_want want;	/* that address */
	void (*done)(void *arg, const struct verdict *v);
	void *arg;
	int waiting;		/* questions without an answer */
	bool said;		/* done was called */
	struct step ptr;
	int n;
	struct step names[DNSMSG_NAMES];
};

static void answered(void *arg, const struct dnsmsg *m);

static void
ask(struct step *s, enum dnsmsg_type type, const struct dnsname *name)
{
	struct confirm *c = s->owner;

	c->waiting++;
	s->query.dns = c->set->dns;
	s->query.type = type;
	s->query.want = &c->want;
	s->query.done = answered;
	s->query.arg = s;
	query_start(&s->query, name);
}

static void
say(struct confirm *c, enum ask_outcome outcome, uint32_t ttl,
    const char *name)
{
	struct verdict v = { .outcome = (int)outcome, .ttl = ttl,
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
	const struct dnsname *names[DNSMSG_NAMES] = { NULL };
	struct step *s;
	int i;

	for (i = 0; i < m->n; i++) {
		s = &c->names[c->n];
		if (dnsname_host(&m->names[i], s->host) == -1)
			continue;
		s->owner = c;
		s->state = WAITING;
		names[c->n++] = &m->names[i];
	}
	for (i = 0; i < c->n; i++)
		ask(&c->names[i], c->address.family == 4 ? DNSMSG_A :
		    DNSMSG_AAAA, names[i]);
}

static void
answered(void *arg, const struct dnsmsg *m)
{
	struct step *s = arg;
	struct confirm *c = s->owner;

	s->ttl = m->ttl;
	s->state = m->outcome == DNSMSG_BAD ? UNSURE :
	    m->outcome == DNSMSG_DATA && m->holds ? CONFIRMS : DIFFERS;
	/* Still counted, so that answers which come at once do not end it. */
	if (s == &c->ptr && m->outcome == DNSMSG_DATA)
		ask_names(c, m);
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
	struct dnsname name;

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
	c->want = (struct dnsmsg_want){ .naddresses = 1,
	    .addresses = &c->address };
	c->ptr.owner = c;
	c->ptr.state = WAITING;
	dnsname_reverse(&name, a);
	ask(&c->ptr, DNSMSG_PTR, &name);
}

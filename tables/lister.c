/*
 * lister - MX; or A and AAAA (RFC 5321 5.1, RFC 7505).
 *
 * Where one of A and AAAA is not to be had, the others are used: whoever asks
 * tries them one by one, and comes again if none works.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "lib/xalloc.h"
#include "tables/lister.h"

_Static_assert((int)ASK_LIST == (int)DNSMSG_ALL, "lists of one length");

struct lister {
	struct confirms *set;
	enum ask_kind kind;
	void (*done)(void *arg, const struct verdict *v);
	void *arg;
	struct dnsmsg_all all;
	struct dnsmsg_want want;
	int waiting;		/* questions without an answer */
	bool unsure, null;
	struct query queries[2];
};

/* Names that are no host's cannot be asked for, and are passed over. */
static void
add(struct ask_list *l, const struct lister *s, int i)
{
	struct dnsname again;

	if (s->kind == ASK_ADDRESSES)
		l->address[l->n] = s->all.at[i].address;
	else if (dnsname_text(&s->all.at[i].name, l->name[l->n]) == -1 ||
	    dnsname_parse(&again, l->name[l->n]) == -1) {
		memset(l->name[l->n], 0, sizeof(l->name[l->n]));
		return;
	}
	l->preference[l->n] = (uint16_t)s->all.at[i].preference;
	l->n++;
}

static void
say(struct lister *s)
{
	struct ask_list *l = xcalloc(1, sizeof(*l));
	struct verdict v = { .list = l };
	int i;

	for (i = 0; i < s->all.n; i++)
		add(l, s, i);
	l->outcome = l->n > 0 ? ASK_HOST_FOUND : s->unsure ? ASK_HOST_LATER :
	    s->null || s->all.n > 0 ? ASK_HOST_NULL : ASK_HOST_NONE;
	v.outcome = l->outcome;
	s->set->live--;
	s->done(s->arg, &v);
	free(l);
	free(s);
}

static void
got(void *arg, const struct dnsmsg *m)
{
	struct lister *s = arg;

	if (m->outcome == DNSMSG_BAD || m->outcome == DNSMSG_ALIAS)
		s->unsure = true;
	else if (m->outcome == DNSMSG_DATA && s->kind == ASK_MX)
		/* Also where no record holds a host at all. */
		s->null = m->null || m->n == 0;
	if (--s->waiting == 0)
		say(s);
}

static void
ask(struct lister *s, struct query *q, enum dnsmsg_type type,
    const struct dnsname *name)
{
	q->dns = s->set->dns;
	q->type = type;
	q->want = &s->want;
	q->done = got;
	q->arg = s;
	query_start(q, name);
}

void
lister_start(struct confirms *set, enum ask_kind kind,
    const struct dnsname *name,
    void (*done)(void *arg, const struct verdict *v), void *arg)
{
	struct verdict later = { .outcome = ASK_HOST_LATER };
	struct lister *s;

	if (set->live >= CONFIRM_MOST) {
		done(arg, &later);
		return;
	}
	set->live++;
	s = xcalloc(1, sizeof(*s));
	s->set = set;
	s->kind = kind;
	s->done = done;
	s->arg = arg;
	s->want.all = &s->all;
	/* Counted before any is asked, for answers may come at once. */
	s->waiting = kind == ASK_MX ? 1 : 2;
	if (kind == ASK_MX) {
		ask(s, &s->queries[0], DNSMSG_MX, name);
		return;
	}
	ask(s, &s->queries[0], DNSMSG_A, name);
	ask(s, &s->queries[1], DNSMSG_AAAA, name);
}

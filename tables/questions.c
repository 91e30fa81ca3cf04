/*
 * questions - names of addresses, hosts, access by libwrap, the greylist: from
 * the cache, or by a look-up that whoever asks waits for.  See asking.h.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/xalloc.h"
#include "tables/asking.h"
#include "tables/idna.h"
#include "tables/lister.h"

static bool
answer(struct askers *s, struct client *c, uint32_t id, struct ask_answer *a)
{
	a->id = id;
	return askers_reply(s, c, a, sizeof(*a));
}

/* list: null if there is nothing but the outcome. */
static bool
answer_list(struct askers *s, struct client *c, uint32_t id, int outcome,
    const struct ask_list *list)
{
	struct ask_list l = { .outcome = (uint8_t)outcome };

	if (list != NULL)
		l = *list;
	l.id = id;
	return askers_reply(s, c, &l, sizeof(l));
}

static bool
is_list(int kind)
{
	return kind == ASK_MX || kind == ASK_ADDRESSES;
}

/* What the rules say where the name is known; null: nothing of it is. */
static enum wrap_verdict
judge(struct askers *s, const struct ask_access_question *q,
    const struct ask_answer *name, struct ask_answer *a)
{
	static const enum ask_access outcomes[] = {
		[WRAP_ALLOWED] = ASK_ALLOWED,
		[WRAP_DENIED] = ASK_DENIED,
		[WRAP_WANTS_NAME] = ASK_UNNAMED,
		[WRAP_UNSURE] = ASK_UNSURE
	};
	struct variables set;
	bool channel;
	enum wrap_verdict v = wrap_ask(s->wrap, q, name, &channel, &set);

	*a = (struct ask_answer){ .outcome = (uint8_t)outcomes[v],
	    .channel = channel };
	if (v == WRAP_ALLOWED)
		a->set = set;
	return v;
}

/* That the name could not be found out is no name to go by. */
static void
judge_named(struct askers *s, const struct ask_access_question *q,
    const struct ask_answer *name, struct ask_answer *a)
{
	(void)judge(s, q, name->outcome == ASK_LATER ? NULL : name, a);
}

static void
answer_waiter(struct askers *s, struct waiter *w,
    const struct ask_answer *name, const struct ask_list *list)
{
	struct client *c = w->client;
	uint32_t id = w->id;
	int kind = w->look->key.kind;
	struct ask_answer access, *a = &access;

	if (w->access != NULL)
		judge_named(s, w->access, name, a);
	else
		access = *name;
	waiting_end(w);
	if (!(is_list(kind) ? answer_list(s, c, id, name->outcome, list) :
	    answer(s, c, id, a)))
		return;
	askers_read_again(s, c);
}

static void
log_verdict(const struct cache_key *k, const struct verdict *v)
{
	static const char *const events[] = { [ASK_NAME] = "name",
	    [ASK_MAIL] = "mail", [ASK_AWAY] = "away", [ASK_HOST] = "host",
	    [ASK_MX] = "mx", [ASK_ADDRESSES] = "addresses" };
	static const char *const names[] = { "found", "none", "later" };
	static const char *const hosts[] = { "found", "none", "null", "self",
	    "later" };
	struct logline l;
	char ip[NET_TEXT];

	log_begin(&l, LEVEL_DEBUG, events[k->kind]);
	log_word(&l, "ip", net_text(&k->address, ip));
	log_word(&l, "outcome", k->kind == ASK_NAME ? names[v->outcome] :
	    hosts[v->outcome - ASK_HOST_FOUND]);
	log_num(&l, "ttl", v->ttl);
	log_text(&l, "name", k->kind == ASK_NAME ? v->name : k->name);
	log_end(&l);
}

static void
looked(void *arg, const struct verdict *v)
{
	struct look *look = arg;
	struct askers *s = look->askers;
	struct ask_answer a = { .outcome = (uint8_t)v->outcome,
	    .differs = v->differs };
	int64_t now = clock_ms(), keep = (int64_t)v->ttl * 1000;
	struct waiter *w;

	memcpy(a.name, v->name, sizeof(a.name));
	if (keep > s->limits.cache_time)
		keep = s->limits.cache_time;
	/* Who wants a list keeps a connection for many messages. */
	if (!is_list(look->key.kind))
		cache_put(s->cache, &look->key, now, now + keep, &a);
	log_verdict(&look->key, v);
	while ((w = TAILQ_FIRST(&look->waiters)) != NULL)
		answer_waiter(s, w, &a, v->list);
	waiting_done(look);
}

/* What is as good as no answer to a question of that kind. */
static int
no_answer(int kind)
{
	switch (kind) {
	case ASK_NAME:
		return ASK_LATER;
	case ASK_ACCESS:
		return ASK_UNNAMED;
	default:
		return ASK_HOST_LATER;
	}
}

static void
wait_for(struct askers *s, struct client *c, struct look *look,
    const union question *q)
{
	struct waiter *w = waiting_add(&s->waiters, c, look,
	    clock_ms() + s->limits.timeout);

	w->id = q->q.id;
	w->later = (uint8_t)no_answer(look->key.kind);
	if (q->q.kind == ASK_ACCESS) {
		w->access = xcalloc(1, sizeof(*w->access));
		*w->access = q->access;
	}
}

/*
 * Joins those who wait for the same answer, or is the first.  name: that of
 * the key in wire form, or null.
 */
static void
look_up(struct askers *s, struct client *c, const union question *q,
    const struct cache_key *k, const struct dnsname *name)
{
	struct ask_answer later = { .outcome = (uint8_t)no_answer(q->q.kind) };
	struct look *look = waiting_find(s, k);

	if (look != NULL) {
		wait_for(s, c, look, q);
		return;
	}
	if (askers_busy(s, c)) {
		if (is_list(q->q.kind))
			(void)answer_list(s, c, q->q.id, later.outcome, NULL);
		else
			(void)answer(s, c, q->q.id, &later);
		return;
	}
	look = waiting_new(s, k);
	wait_for(s, c, look, q);
	if (is_list(k->kind))
		lister_start(s->confirms, (enum ask_kind)k->kind, name, looked,
		    look);
	else if (name != NULL)
		host_start(s->confirms, (enum ask_kind)k->kind, &k->address,
		    name, looked, look);
	else
		confirm_start(s->confirms, &k->address, looked, look);
}

static void
take_host(struct askers *s, struct client *c, const union question *q)
{
	struct ask_answer a = { .outcome = ASK_HOST_NONE };
	struct cache_key k = { .kind = q->q.kind, .address = q->q.address };
	char text[DNSNAME_TEXT];
	struct dnsname name;

	k.name = text;
	if (is_list(k.kind)) {
		if (dnsname_parse(&name, q->host.name) == 0 &&
		    dnsname_text(&name, text) == 0)
			look_up(s, c, q, &k, &name);
		else
			(void)answer_list(s, c, q->q.id, ASK_HOST_NONE, NULL);
	} else if (dnsname_parse(&name, q->host.name) == 0 &&
	    dnsname_text(&name, text) == 0 &&
	    !cache_find(s->cache, &k, clock_ms(), &a))
		look_up(s, c, q, &k, &name);
	else
		(void)answer(s, c, q->q.id, &a);
}

/* Found out at once, and too seldom asked for to be remembered. */
static void
take_idna(struct askers *s, struct client *c, const union question *q)
{
	struct ask_answer a = { .outcome = ASK_HOST_NONE };

	_Static_assert(sizeof(a.name) == IDNA_NAME, "a name fits");
	if (idna_ascii(q->host.name, a.name) == 0)
		a.outcome = ASK_HOST_FOUND;
	(void)answer(s, c, q->q.id, &a);
}

static void
take_grey(struct askers *s, struct client *c, const struct ask_grey_question *q)
{
	struct ask_grey_answer a = { .id = q->q.id,
	    .outcome = ASK_GREY_BROKEN };
	struct greylist_rules r = s->rules;
	int64_t wait = 0;

	r.delay = q->delay;
	if (s->grey == NULL && !s->no_grey) {
		s->no_grey = true;
		log_note(LEVEL_ERROR, "greylist: there is no store: nobody is "
		    "made to wait");
	}
	if (s->grey != NULL)
		a.outcome = ASK_GREY_WAIT + (uint32_t)(q->q.kind == ASK_GREY ?
		    greylist_ask : greylist_look)(s->grey, &q->q.address,
		    q->sender, q->recipient, &r, clock_wall_us() / 1000000,
		    &wait);
	a.wait = (uint32_t)wait;
	(void)askers_reply(s, c, &a, sizeof(a));
}

void
questions_take(struct askers *s, struct client *c, union question *q)
{
	struct ask_answer name = { .outcome = ASK_LATER }, a;
	struct cache_key k = { .kind = ASK_NAME, .name = "" };
	bool known = false;

	q->q.address.port = 0;
	q->q.address.pad = 0;
	if (q->q.kind == ASK_GREY || q->q.kind == ASK_GREY_LOOK) {
		take_grey(s, c, &q->grey);
		return;
	}
	if (q->q.kind == ASK_IDNA) {
		take_idna(s, c, q);
		return;
	}
	if (q->q.kind != ASK_NAME && q->q.kind != ASK_ACCESS) {
		take_host(s, c, q);
		return;
	}
	k.address = q->q.address;
	if (q->q.kind == ASK_ACCESS && q->access.name[0] != '\0') {
		name.outcome = ASK_FOUND;
		memcpy(name.name, q->access.name, sizeof(name.name));
		known = true;
	} else if (cache_find(s->cache, &k, clock_ms(), &name)) {
		known = true;
	}
	if (q->q.kind == ASK_ACCESS) {
		if (known)
			judge_named(s, &q->access, &name, &a);
		else if (judge(s, &q->access, NULL, &a) == WRAP_WANTS_NAME) {
			look_up(s, c, q, &k, NULL);
			return;
		}
		(void)answer(s, c, q->q.id, &a);
	} else if (known) {
		(void)answer(s, c, q->q.id, &name);
	} else {
		look_up(s, c, q, &k, NULL);
	}
}

void
questions_late(struct askers *s, struct waiter *w)
{
	struct ask_answer a = { .outcome = w->later };

	answer_waiter(s, w, &a, NULL);
}

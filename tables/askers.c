/*
 * askers - accepts, reads questions, joins those about the same thing, answers
 * each within its time.
 *
 * Every question that was read gets one answer.  A connection with
 * ASKERS_QUESTIONS unanswered ones is left unread until there are fewer; one
 * that does not read its answers is closed.
 */
#include "config.h"

#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/text.h"
#include "lib/xalloc.h"
#include "tables/askers.h"
#include "tables/fetch.h"
#include "tables/idna.h"
#include "tables/lister.h"
#include "tables/zones.h"

#define HEADS 256
#define OF_RECORDS 64	/* and the type: what a key has for a kind */
#define READ_MOST 16	/* questions of one connection before the next's turn */

union question {
	struct ask_question q;
	struct ask_access_question access;
	struct ask_host_question host;
	struct ask_grey_question grey;
	uint8_t records[sizeof(((struct records *)0)->room)];
};

/* Questions for records that came in one message, and are answered in one. */
struct batch {
	struct client *client;
	uint32_t id;
	int n, waiting;
	struct records_got got[RECORDS_MOST];
	uint8_t *kept[RECORDS_MOST];	/* what got has, or null */
	LIST_ENTRY(batch) link;
};
LIST_HEAD(batches, batch);

TAILQ_HEAD(waiters, waiter);

/* One question of one connection. */
struct waiter {
	struct client *client;
	struct look *look;
	struct ask_access_question *access;	/* or null: wants the name */
	struct batch *batch;	/* or null */
	int at;			/* in it */
	uint32_t id;
	uint8_t later;		/* the outcome when its time is over */
	int64_t deadline;
	struct waiters *all;	/* of the two lists by deadline */
	TAILQ_ENTRY(waiter) of_all, of_client, of_look;
};

struct client {
	int fd;			/* -1: the place is free */
	uint32_t generation;	/* events of a former owner are not ours */
	int inflight;
	bool unread;		/* has too many questions: not listened to */
	struct waiters waiters;
	struct batches batches;
	TAILQ_ENTRY(client) link;	/* by last word, or free */
};
TAILQ_HEAD(clients, client);

/* One look-up under way, for all who wait for it. */
struct look {
	struct askers *askers;
	struct cache_key key;
	char name[DNSNAME_TEXT];	/* the key's */
	uint8_t zone;			/* of a list: where it is in name */
	struct waiters waiters;
	LIST_ENTRY(look) link;
};
LIST_HEAD(looks, look);

struct askers {
	int sock, epoll;
	uint32_t data;
	bool full;		/* the listening socket is not listened to */
	bool leaving;		/* nor ever again */
	struct askers_limits limits;
	struct cache *cache;
	struct confirms *confirms;
	struct wrap *wrap;
	struct greylist *grey;	/* or null */
	struct greylist_rules rules;
	struct waiters waiters;	/* by deadline: all have equal time */
	struct waiters own;	/* the same with times of their own */
	struct zones *zones;
	struct records asking, saying;
	struct clients used, unused;
	struct looks looks[HEADS];
	struct client clients[];
};

static void
watch(struct askers *s, int op, int fd, uint32_t events, uint64_t data)
{
	struct epoll_event e = { .events = events, .data = { .u64 = data } };

	if (epoll_ctl(s->epoll, op, fd, &e) == -1)
		fatal(71, "epoll_ctl: %s", strerror(errno));
}

static uint64_t
client_data(const struct askers *s, const struct client *c)
{
	return (uint64_t)(c->generation << 8 | (s->data + 1)) << 32 |
	    (uint64_t)(c - s->clients);
}

struct askers *
askers_new(int sock, int epoll, uint32_t data, const struct askers_limits *l,
    struct cache *cache, struct confirms *confirms, struct wrap *wrap)
{
	struct askers *s = xcalloc(1, sizeof(*s) +
	    (size_t)l->connections * sizeof(s->clients[0]));
	int i;

	s->sock = sock;
	s->epoll = epoll;
	s->data = data;
	s->limits = *l;
	s->cache = cache;
	s->confirms = confirms;
	s->wrap = wrap;
	s->zones = zones_new();
	TAILQ_INIT(&s->waiters);
	TAILQ_INIT(&s->own);
	TAILQ_INIT(&s->used);
	TAILQ_INIT(&s->unused);
	for (i = 0; i < HEADS; i++)
		LIST_INIT(&s->looks[i]);
	for (i = 0; i < l->connections; i++) {
		s->clients[i].fd = -1;
		TAILQ_INSERT_TAIL(&s->unused, &s->clients[i], link);
	}
	watch(s, EPOLL_CTL_ADD, sock, EPOLLIN, (uint64_t)data << 32);
	return s;
}

static void
waiter_free(struct waiter *w)
{
	TAILQ_REMOVE(w->all, w, of_all);
	TAILQ_REMOVE(&w->client->waiters, w, of_client);
	TAILQ_REMOVE(&w->look->waiters, w, of_look);
	w->client->inflight--;
	free(w->access);
	free(w);
}

static void
batch_free(struct batch *b)
{
	for (int i = 0; i < b->n; i++)
		free(b->kept[i]);
	LIST_REMOVE(b, link);
	free(b);
}

static void
client_close(struct askers *s, struct client *c)
{
	struct waiter *w;
	struct batch *b;

	while ((w = TAILQ_FIRST(&c->waiters)) != NULL)
		waiter_free(w);
	while ((b = LIST_FIRST(&c->batches)) != NULL)
		batch_free(b);
	close(c->fd);
	c->fd = -1;
	TAILQ_REMOVE(&s->used, c, link);
	TAILQ_INSERT_HEAD(&s->unused, c, link);
	if (s->full && !s->leaving) {
		s->full = false;
		watch(s, EPOLL_CTL_MOD, s->sock, EPOLLIN,
		    (uint64_t)s->data << 32);
	}
}

/* Room for one more: whoever was silent longest and waits for nothing. */
static bool
make_room(struct askers *s)
{
	struct client *c;

	if (!TAILQ_EMPTY(&s->unused))
		return true;
	TAILQ_FOREACH(c, &s->used, link) {
		if (c->inflight == 0) {
			client_close(s, c);
			return true;
		}
	}
	return false;
}

void
askers_grey(struct askers *s, struct greylist *g,
    const struct greylist_rules *r)
{
	s->grey = g;
	s->rules = *r;
}

void
askers_leave(struct askers *s)
{
	if (s->leaving)
		return;
	s->leaving = true;
	(void)epoll_ctl(s->epoll, EPOLL_CTL_DEL, s->sock, NULL);
}

bool
askers_gone(const struct askers *s)
{
	return TAILQ_EMPTY(&s->used);
}

void
askers_accept(struct askers *s)
{
	struct client *c;
	int fd, i;

	for (i = 0; i < READ_MOST; i++) {
		if (!make_room(s)) {
			s->full = true;
			watch(s, EPOLL_CTL_MOD, s->sock, 0,
			    (uint64_t)s->data << 32);
			return;
		}
		fd = accept4(s->sock, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd == -1) {
			if (errno != EAGAIN && errno != EINTR &&
			    errno != ECONNABORTED)
				log_note(LEVEL_ERROR, "accept: %s",
				    strerror(errno));
			return;
		}
		c = TAILQ_FIRST(&s->unused);
		TAILQ_REMOVE(&s->unused, c, link);
		TAILQ_INSERT_TAIL(&s->used, c, link);
		c->fd = fd;
		c->generation++;
		c->inflight = 0;
		c->unread = false;
		TAILQ_INIT(&c->waiters);
		LIST_INIT(&c->batches);
		watch(s, EPOLL_CTL_ADD, fd, EPOLLIN, client_data(s, c));
	}
}

/* Sends one answer; a connection that takes none is closed: false. */
static bool
reply(struct askers *s, struct client *c, const void *a, size_t size)
{
	if (send(c->fd, a, size, MSG_DONTWAIT | MSG_NOSIGNAL) ==
	    (ssize_t)size)
		return true;
	client_close(s, c);
	return false;
}

static bool
answer(struct askers *s, struct client *c, uint32_t id, struct ask_answer *a)
{
	a->id = id;
	return reply(s, c, a, sizeof(*a));
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
	return reply(s, c, &l, sizeof(l));
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

/* It has room for questions again, perhaps. */
static void
listen_again(struct askers *s, struct client *c)
{
	if (c->unread && c->inflight < ASKERS_QUESTIONS) {
		c->unread = false;
		watch(s, EPOLL_CTL_MOD, c->fd, EPOLLIN, client_data(s, c));
	}
}

/* All of them have what there is: one message. */
static void
batch_end(struct askers *s, struct batch *b)
{
	struct client *c = b->client;

	s->saying.n = b->n;
	memcpy(s->saying.got, b->got, sizeof(b->got));
	if (reply(s, c, s->saying.room, records_write(&s->saying, b->id))) {
		batch_free(b);
		listen_again(s, c);
	}
}

static void
batch_got(struct askers *s, struct batch *b, int i,
    const struct cache_data *d, bool cached)
{
	b->got[i] = (struct records_got){ .outcome = d->outcome,
	    .cached = cached, .cut = d->cut, .len = (uint16_t)d->len };
	if (d->len > 0) {
		b->kept[i] = xmalloc(d->len);
		memcpy(b->kept[i], d->p, d->len);
		b->got[i].p = b->kept[i];
	}
	if (--b->waiting == 0)
		batch_end(s, b);
}

static void
batch_waited(struct askers *s, struct waiter *w, const struct cache_data *d)
{
	struct batch *b = w->batch;
	int i = w->at;

	waiter_free(w);
	batch_got(s, b, i, d, false);
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
	waiter_free(w);
	if (!(is_list(kind) ? answer_list(s, c, id, name->outcome, list) :
	    answer(s, c, id, a)))
		return;
	listen_again(s, c);
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
	LIST_REMOVE(look, link);
	free(look);
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

static struct looks *
head_of(struct askers *s, const struct cache_key *k)
{
	const char *p;
	unsigned h = k->kind;
	size_t i;

	for (i = 0; i < sizeof(k->address.ip); i++)
		h = h * 31 + k->address.ip[i];
	for (p = k->name; *p != '\0'; p++)
		h = h * 31 + (uint8_t)*p;
	return &s->looks[h % HEADS];
}

/* A new one for look; behind those of all whose deadline is not later. */
static struct waiter *
add_waiter(struct waiters *all, struct client *c, struct look *look,
    int64_t deadline)
{
	struct waiter *w = xcalloc(1, sizeof(*w)), *before;

	w->client = c;
	w->look = look;
	w->deadline = deadline;
	w->all = all;
	before = TAILQ_LAST(all, waiters);
	while (before != NULL && before->deadline > deadline)
		before = TAILQ_PREV(before, waiters, of_all);
	if (before != NULL)
		TAILQ_INSERT_AFTER(all, before, w, of_all);
	else
		TAILQ_INSERT_HEAD(all, w, of_all);
	TAILQ_INSERT_TAIL(&c->waiters, w, of_client);
	TAILQ_INSERT_TAIL(&look->waiters, w, of_look);
	c->inflight++;
	return w;
}

static void
wait_for(struct askers *s, struct client *c, struct look *look,
    const union question *q)
{
	struct waiter *w = add_waiter(&s->waiters, c, look,
	    clock_ms() + s->limits.timeout);

	w->id = q->q.id;
	w->later = (uint8_t)no_answer(look->key.kind);
	if (q->q.kind == ASK_ACCESS) {
		w->access = xcalloc(1, sizeof(*w->access));
		*w->access = q->access;
	}
}

static bool
is_address(const struct netaddr *a)
{
	static const uint8_t zero[sizeof(a->ip)];

	return a->family == 6 || (a->family == 4 &&
	    memcmp(a->ip + 4, zero, sizeof(zero) - 4) == 0);
}

static bool
is_text(const char *p, size_t size)
{
	size_t len = strnlen(p, size);

	return len < size && text_printable(p, len) && strchr(p, ' ') == NULL;
}

static bool
is_access(const struct ask_access_question *q)
{
	return is_text(q->daemon, sizeof(q->daemon)) &&
	    is_text(q->channel, sizeof(q->channel)) &&
	    is_text(q->name, sizeof(q->name)) &&
	    q->daemon[0] != '\0' && (is_address(&q->q.address) ||
	    (q->q.address.family == 0 && q->name[0] != '\0'));
}

/* q holds len bytes. */
static bool
is_question(const union question *q, ssize_t len)
{
	if (len < (ssize_t)sizeof(q->q) || q->q.version != ASK_VERSION)
		return false;
	switch (q->q.kind) {
	case ASK_NAME:
		return len == (ssize_t)sizeof(q->q) &&
		    is_address(&q->q.address);
	case ASK_ACCESS:
		return len == (ssize_t)sizeof(q->access) &&
		    is_access(&q->access);
	case ASK_MAIL:
	case ASK_AWAY:
	case ASK_HOST:
	case ASK_IDNA:
	case ASK_MX:
	case ASK_ADDRESSES:
		return len == (ssize_t)sizeof(q->host) &&
		    memchr(q->host.name, '\0', sizeof(q->host.name)) != NULL &&
		    (q->q.address.family == 0 || (q->q.kind == ASK_HOST &&
		    is_address(&q->q.address)));
	case ASK_GREY:
		return len == (ssize_t)sizeof(q->grey) &&
		    is_address(&q->q.address) && memchr(q->grey.sender, '\0',
		    sizeof(q->grey.sender)) != NULL &&
		    memchr(q->grey.recipient, '\0',
		    sizeof(q->grey.recipient)) != NULL;
	case ASK_RECORDS:
		return len <= (ssize_t)sizeof(*q);
	default:
		return false;
	}
}

/* The one under way about k; or null. */
static struct look *
look_find(struct askers *s, const struct cache_key *k)
{
	struct look *look;

	LIST_FOREACH(look, head_of(s, k), link)
		if (cache_same(&look->key, k))
			break;
	return look;
}

static struct look *
look_new(struct askers *s, const struct cache_key *k)
{
	struct look *look = xcalloc(1, sizeof(*look));

	look->askers = s;
	look->key = *k;
	memcpy(look->name, k->name, strlen(k->name) + 1);
	look->key.name = look->name;
	TAILQ_INIT(&look->waiters);
	LIST_INSERT_HEAD(head_of(s, k), look, link);
	return look;
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
	struct look *look = look_find(s, k);

	if (look != NULL) {
		wait_for(s, c, look, q);
		return;
	}
	/* The second half is kept for connections that ask only once. */
	if (c->inflight > 0 && s->confirms->live >= CONFIRM_MOST / 2) {
		if (is_list(q->q.kind))
			(void)answer_list(s, c, q->q.id, later.outcome, NULL);
		else
			(void)answer(s, c, q->q.id, &later);
		return;
	}
	look = look_new(s, k);
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
	if (s->grey != NULL)
		a.outcome = ASK_GREY_WAIT + (uint32_t)greylist_ask(s->grey,
		    &q->q.address, q->sender, q->recipient, &r,
		    clock_wall_us() / 1000000, &wait);
	a.wait = (uint32_t)wait;
	(void)reply(s, c, &a, sizeof(a));
}

static void
log_records(const struct look *look, const struct cache_data *d, uint32_t ttl)
{
	static const char *const outcomes[] = { "found", "none", "later",
	    "error" };
	struct logline l;

	log_begin(&l, LEVEL_DEBUG, "records");
	log_num(&l, "type", look->key.kind - OF_RECORDS);
	log_word(&l, "outcome", outcomes[d->outcome]);
	log_num(&l, "ttl", ttl);
	log_text(&l, "name", look->name);
	log_end(&l);
}

static void
fetched(void *arg, const struct cache_data *d, uint32_t ttl)
{
	struct look *look = arg;
	struct askers *s = look->askers;
	int64_t now = clock_ms(), keep = (int64_t)ttl * 1000;
	struct waiter *w;

	if (keep > s->limits.cache_time)
		keep = s->limits.cache_time;
	cache_put_data(s->cache, &look->key, now, now + keep, d);
	if (look->key.kind == OF_RECORDS + RECORDS_LISTED && ttl > 0)
		zones_said(s->zones, look->name + look->zone,
		    (enum records_outcome)d->outcome, now);
	log_records(look, d, ttl);
	while ((w = TAILQ_FIRST(&look->waiters)) != NULL)
		batch_waited(s, w, d);
	LIST_REMOVE(look, link);
	free(look);
}

/* One of a batch that waits for the others, too: it is not answered yet. */
static void
take_records_of(struct askers *s, struct batch *b, int i,
    const struct records_asked *a, int64_t deadline)
{
	const struct cache_data later = { .outcome = RECORDS_LATER };
	struct cache_key k = { .kind = (uint8_t)(OF_RECORDS + a->type),
	    .name = a->name };
	bool busy = b->client->inflight > 0 &&
	    s->confirms->live >= CONFIRM_MOST / 2;
	int64_t now = clock_ms();
	struct cache_data d;
	struct dnsname name;
	struct look *look;
	struct waiter *w;

	if (cache_find_data(s->cache, &k, now, &d)) {
		batch_got(s, b, i, &d, true);
		return;
	}
	look = look_find(s, &k);
	if (look == NULL && (busy || dnsname_any(&name, a->name) != 0 ||
	    (a->type == RECORDS_LISTED && zones_rests(s->zones, a->name +
	    a->zone, now)))) {
		batch_got(s, b, i, &later, false);
		return;
	}
	w = add_waiter(&s->own, b->client, look != NULL ? look :
	    look_new(s, &k), deadline);
	w->batch = b;
	w->at = i;
	if (look != NULL)
		return;
	w->look->zone = a->zone;
	fetch_start(s->confirms, (enum records_type)a->type, &name, fetched,
	    w->look);
}

/* -1: it was none. */
static int
take_records(struct askers *s, struct client *c, const union question *q,
    size_t len)
{
	struct records *r = &s->asking;
	uint32_t generation = c->generation;
	int64_t deadline = clock_ms();
	struct batch *b;

	if (records_read(r, q, len) != 0)
		return -1;
	deadline += r->time < s->limits.timeout ? r->time : s->limits.timeout;
	b = xcalloc(1, sizeof(*b));
	b->client = c;
	b->id = q->q.id;
	b->n = r->n;
	b->waiting = r->n + 1;		/* and for us to have asked all */
	LIST_INSERT_HEAD(&c->batches, b, link);
	for (int i = 0; i < r->n; i++) {
		take_records_of(s, b, i, &r->asked[i], deadline);
		if (c->fd == -1 || c->generation != generation)
			return 0;
	}
	if (--b->waiting == 0)
		batch_end(s, b);
	return 0;
}

static void
take_question(struct askers *s, struct client *c, union question *q)
{
	struct ask_answer name = { .outcome = ASK_LATER }, a;
	struct cache_key k = { .kind = ASK_NAME, .name = "" };
	bool known = false;

	q->q.address.port = 0;
	q->q.address.pad = 0;
	if (q->q.kind == ASK_GREY) {
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
askers_event(struct askers *s, uint64_t data, uint32_t events)
{
	struct client *c = &s->clients[(uint32_t)data];
	uint32_t generation = c->generation;
	union question q;
	ssize_t n;
	int i;

	if (c->fd == -1 || data != client_data(s, c))
		return;
	if (events & (EPOLLHUP | EPOLLERR)) {
		client_close(s, c);
		return;
	}
	TAILQ_REMOVE(&s->used, c, link);
	TAILQ_INSERT_TAIL(&s->used, c, link);
	for (i = 0; i < READ_MOST; i++) {
		if (c->inflight >= ASKERS_QUESTIONS) {
			c->unread = true;
			watch(s, EPOLL_CTL_MOD, c->fd, 0, client_data(s, c));
			return;
		}
		/* MSG_TRUNC: the true length, so a longer one is noticed. */
		n = recv(c->fd, &q, sizeof(q), MSG_DONTWAIT | MSG_TRUNC);
		if (n == -1 && (errno == EAGAIN || errno == EINTR))
			return;
		if (!is_question(&q, n) || (q.q.kind == ASK_RECORDS &&
		    take_records(s, c, &q, (size_t)n) != 0)) {
			if (n > 0)
				log_note(LEVEL_WARNING, "not a question: "
				    "connection closed");
			client_close(s, c);
			return;
		}
		if (q.q.kind != ASK_RECORDS)
			take_question(s, c, &q);
		if (c->fd == -1 || c->generation != generation)
			return;
	}
}

int
askers_wait(const struct askers *s, int most)
{
	const struct waiter *w = TAILQ_FIRST(&s->waiters);
	const struct waiter *own = TAILQ_FIRST(&s->own);
	int left;

	if (w == NULL || (own != NULL && own->deadline < w->deadline))
		w = own;
	if (w == NULL)
		return most;
	left = clock_left(w->deadline);
	return left < most ? left : most;
}

void
askers_tick(struct askers *s, int64_t now)
{
	const struct cache_data later = { .outcome = RECORDS_LATER };
	struct ask_answer a = { 0 };
	struct waiter *w;

	while ((w = TAILQ_FIRST(&s->own)) != NULL && w->deadline <= now)
		batch_waited(s, w, &later);
	while ((w = TAILQ_FIRST(&s->waiters)) != NULL && w->deadline <= now) {
		a.outcome = w->later;
		answer_waiter(s, w, &a, NULL);
	}
}

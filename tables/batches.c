/*
 * batches - questions for records of the name service: many in one message,
 * with one deadline, answered in one.  See asking.h.
 *
 * A batch holds what it was told until the last of it is there or its time is
 * over; what had no answer by then is RECORDS_LATER.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/xalloc.h"
#include "tables/asking.h"
#include "tables/fetch.h"
#include "tables/zones.h"

static void
batch_free(struct batch *b)
{
	for (int i = 0; i < b->n; i++)
		free(b->kept[i]);
	LIST_REMOVE(b, link);
	free(b);
}

void
batches_end(struct client *c)
{
	struct batch *b;

	while ((b = LIST_FIRST(&c->batches)) != NULL)
		batch_free(b);
}

/* All of them have what there is: one message. */
static void
batch_end(struct askers *s, struct batch *b)
{
	struct client *c = b->client;

	s->saying.n = b->n;
	memcpy(s->saying.got, b->got, sizeof(b->got));
	if (askers_reply(s, c, s->saying.room,
	    records_write(&s->saying, b->id))) {
		batch_free(b);
		askers_read_again(s, c);
	}
}

static void
batch_got(struct batch *b, int i, const struct cache_data *d, bool cached)
{
	b->got[i] = (struct records_got){ .outcome = d->outcome,
	    .cached = cached, .cut = d->cut, .len = (uint16_t)d->len };
	if (d->len > 0) {
		b->kept[i] = xmalloc(d->len);
		memcpy(b->kept[i], d->p, d->len);
		b->got[i].p = b->kept[i];
	}
	b->waiting--;
}

static void
batch_waited(struct askers *s, struct waiter *w, const struct cache_data *d)
{
	struct batch *b = w->batch;
	int i = w->at;

	waiting_end(w);
	batch_got(b, i, d, false);
	if (b->waiting == 0)
		batch_end(s, b);
}

void
batches_late(struct askers *s, struct waiter *w)
{
	const struct cache_data later = { .outcome = RECORDS_LATER };

	batch_waited(s, w, &later);
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
	waiting_done(look);
}

/* One of a batch that waits for the others, too: it is not answered yet. */
static void
take_one(struct askers *s, struct batch *b, int i,
    const struct records_asked *a, int64_t deadline)
{
	const struct cache_data later = { .outcome = RECORDS_LATER };
	struct cache_key k = { .kind = (uint8_t)(OF_RECORDS + a->type),
	    .name = a->name };
	bool busy = askers_busy(s, b->client);
	int64_t now = clock_ms();
	struct cache_data d;
	struct dnsname name;
	struct look *look;
	struct waiter *w;

	if (cache_find_data(s->cache, &k, now, &d)) {
		batch_got(b, i, &d, true);
		return;
	}
	look = waiting_find(s, &k);
	if (look == NULL && (busy || dnsname_any(&name, a->name) != 0 ||
	    (a->type == RECORDS_LISTED && zones_rests(s->zones, a->name +
	    a->zone, now)))) {
		batch_got(b, i, &later, false);
		return;
	}
	w = waiting_add(&s->own, b->client, look != NULL ? look :
	    waiting_new(s, &k), deadline);
	w->batch = b;
	w->at = i;
	if (look != NULL)
		return;
	w->look->zone = a->zone;
	fetch_start(s->confirms, (enum records_type)a->type, &name, fetched,
	    w->look);
}

int
batches_take(struct askers *s, struct client *c, const union question *q,
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
		take_one(s, b, i, &r->asked[i], deadline);
		if (c->fd == -1 || c->generation != generation)
			return 0;
	}
	if (--b->waiting == 0)
		batch_end(s, b);
	return 0;
}

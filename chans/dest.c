/*
 * dest - see dest.h.  Pure but for memory.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "chans/dest.h"
#include "chans/retry.h"
#include "lib/clock.h"
#include "lib/digest.h"
#include "lib/log.h"
#include "lib/text.h"
#include "lib/xalloc.h"

#define BUCKETS 16		/* at first; a power of two */
#define NAME_MOST 256
#define BANDS (2 * DEST_PRIORITY + 1)
#define WAKE_MS 250		/* pauses end no finer than that */

void
dests_init(struct dests *ds)
{
	*ds = (struct dests){ .buckets = BUCKETS, .limit = UINT32_MAX,
	    .wake = CLOCK_NEVER };
	ds->bucket = xcalloc(ds->buckets, sizeof *ds->bucket);
}

static struct dest **
bucket_of(const struct dests *ds, const char *name)
{
	return &ds->bucket[digest_of(name, strlen(name)) & (ds->buckets - 1)];
}

static void
more_buckets(struct dests *ds)
{
	struct dest **old = ds->bucket, *d, *next, **bucket;
	size_t n = ds->buckets;

	ds->buckets = 2 * n;
	ds->bucket = xcalloc(ds->buckets, sizeof *ds->bucket);
	for (size_t i = 0; i < n; i++) {
		for (d = old[i]; d != NULL; d = next) {
			next = d->chain;
			bucket = bucket_of(ds, d->name);
			d->chain = *bucket;
			*bucket = d;
		}
	}
	free(old);
}

static void
list_remove(struct dests *ds, struct dest *d)
{
	struct dest **list = &ds->list[d->in];

	if (d->in == DEST_NOWHERE)
		return;
	if (*list == d)
		*list = d->after == d ? NULL : d->after;
	d->before->after = d->after;
	d->after->before = d->before;
	d->in = DEST_NOWHERE;
}

/* Behind all others. */
static void
list_add(struct dests *ds, struct dest *d, enum dest_list in)
{
	struct dest *first = ds->list[in];

	d->in = in;
	if (first == NULL) {
		ds->list[in] = d->before = d->after = d;
		return;
	}
	d->after = first;
	d->before = first->before;
	d->before->after = d;
	first->before = d;
}

static void
forget(struct dests *ds, struct dest *d)
{
	struct dest **p = bucket_of(ds, d->name);

	list_remove(ds, d);
	while (*p != d)
		p = &(*p)->chain;
	*p = d->chain;
	ds->n--;
	free(d->others);
	free(d->why);
	free(d);
}

void
dests_free(struct dests *ds)
{
	struct dest *d, *next;

	for (size_t i = 0; i < ds->buckets; i++) {
		for (d = ds->bucket[i]; d != NULL; d = next) {
			next = d->chain;
			free(d->others);
			free(d->why);
			free(d);
		}
	}
	free(ds->bucket);
	*ds = (struct dests){ .buckets = 0 };
}

static void
lower(char dst[NAME_MOST], const char *name)
{
	/* Two that differ only behind this share what they have. */
	size_t n = strnlen(name, NAME_MOST - 1);

	memcpy(dst, name, n);
	dst[n] = '\0';
	text_lower(dst);
}

static struct dest *
find(const struct dests *ds, const char name[NAME_MOST])
{
	struct dest *d = *bucket_of(ds, name);

	while (d != NULL && strcmp(d->name, name) != 0)
		d = d->chain;
	return d;
}

struct dest *
dest_find(const struct dests *ds, const char *name)
{
	char low[NAME_MOST];

	lower(low, name);
	return find(ds, low);
}

struct dest *
dest_get(struct dests *ds, const char *name)
{
	char low[NAME_MOST];
	struct dest *d, **bucket;
	size_t n;

	lower(low, name);
	d = find(ds, low);
	if (d != NULL)
		return d;
	if (ds->n++ == ds->buckets)
		more_buckets(ds);
	n = strlen(low) + 1;
	d = xcalloc(1, sizeof *d + n);
	d->of = ds;
	memcpy(d->name, low, n);
	bucket = bucket_of(ds, low);
	d->chain = *bucket;
	*bucket = d;
	return d;
}

bool
dest_paused(const struct dest *d)
{
	return d != NULL && d->paused;
}

bool
dest_open(const struct dests *ds, const struct dest *d)
{
	return d == NULL || (!d->paused &&
	    d->busy < (d->failures > 0 ? 1 : ds->limit));
}

/* In which list it belongs. */
static enum dest_list
place(const struct dests *ds, const struct dest *d)
{
	if (d->paused || (d->failures > 0 && d->busy == 0 && d->waiting == 0))
		return DEST_DOWN;
	if (d->waiting == 0 || !dest_open(ds, d))
		return DEST_NOWHERE;
	return d->high > 0 ? DEST_HIGH : d->waiting > d->low ? DEST_NORMAL :
	    DEST_LOW;
}

/* After any change; d may be gone. */
static void
settle(struct dests *ds, struct dest *d)
{
	enum dest_list in = place(ds, d);

	if (in == DEST_DOWN && d->until < ds->wake)
		ds->wake = d->until;
	if (in != d->in) {
		list_remove(ds, d);
		if (in != DEST_NOWHERE)
			list_add(ds, d, in);
	}
	if (in == DEST_NOWHERE && d->busy == 0 && d->waiting == 0)
		forget(ds, d);
}

void
dest_busy(struct dests *ds, struct dest *d)
{
	d->busy++;
	settle(ds, d);
}

void
dest_idle(struct dests *ds, struct dest *d)
{
	d->busy--;
	settle(ds, d);
}

static struct waiters *
waiters_of(struct dest *d, int priority)
{
	if (priority == 0)
		return &d->normal;
	if (d->others == NULL)
		d->others = xcalloc(BANDS, sizeof *d->others);
	return &d->others[priority + DEST_PRIORITY];
}

void
dest_wait(struct dests *ds, struct dest *d, struct known *k)
{
	struct waiters *w = waiters_of(d, k->priority);

	PANIC_IF(k->dest != NULL);
	k->dest = d;
	k->after = NULL;
	k->before = w->last;
	if (w->last != NULL)
		w->last->after = k;
	else
		w->first = k;
	w->last = k;
	d->waiting++;
	d->high += k->priority > 0;
	d->low += k->priority < 0;
	settle(ds, d);
}

/* All but settle. */
static void
take_out(struct dest *d, struct known *k)
{
	struct waiters *w = waiters_of(d, k->priority);

	if (k->before != NULL)
		k->before->after = k->after;
	else
		w->first = k->after;
	if (k->after != NULL)
		k->after->before = k->before;
	else
		w->last = k->before;
	k->before = k->after = NULL;
	k->dest = NULL;
	d->waiting--;
	d->high -= k->priority > 0;
	d->low -= k->priority < 0;
}

void
dest_leave(struct known *k)
{
	struct dest *d = k->dest;

	take_out(d, k);
	settle(d->of, d);
}

static int64_t
rank(const struct known *k)
{
	return k->since - k->priority * (int64_t)DEST_STEP_MS;
}

static struct known *
first_waiter(const struct dest *d)
{
	struct known *best = d->normal.first, *k;

	for (size_t i = 0; d->others != NULL && i < BANDS; i++) {
		k = d->others[i].first;
		if (k != NULL && (best == NULL || rank(k) < rank(best)))
			best = k;
	}
	return best;
}

/* Three turns of four to high priority, and one of sixteen to low. */
static struct dest *
next_dest(struct dests *ds)
{
	static const enum dest_list order[3][3] = {
		{ DEST_HIGH, DEST_NORMAL, DEST_LOW },
		{ DEST_NORMAL, DEST_HIGH, DEST_LOW },
		{ DEST_LOW, DEST_NORMAL, DEST_HIGH }
	};
	unsigned turn = ds->turn++ % 16;
	const enum dest_list *o = order[turn == 15 ? 2 : turn % 4 == 3];

	for (int i = 0; i < 3; i++) {
		if (ds->list[o[i]] != NULL)
			return ds->list[o[i]];
	}
	return NULL;
}

bool
dests_ready(const struct dests *ds)
{
	return ds->list[DEST_HIGH] != NULL || ds->list[DEST_NORMAL] != NULL ||
	    ds->list[DEST_LOW] != NULL;
}

struct known *
dests_turn(struct dests *ds)
{
	struct dest *d = next_dest(ds);
	struct known *k;

	if (d == NULL)
		return NULL;
	k = first_waiter(d);
	ds->list[d->in] = d->after;
	dest_leave(k);
	return k;
}

bool
dest_down(struct dests *ds, struct dest *d, int64_t now, const char *code,
    const char *why)
{
	if (d->paused)
		return false;
	d->failures++;
	d->paused = true;
	d->until = now + retry_wait(ds->pause_first, ds->pause_most,
	    d->failures, digest_of(d->name, strlen(d->name)));
	free(d->why);
	d->why = xstrdup(why);
	if (text_copy(d->code, sizeof d->code, code) == -1)
		PANIC_IF(true);
	settle(ds, d);
	return true;
}

void
dest_up(struct dests *ds, struct dest *d)
{
	d->failures = 0;
	d->paused = false;
	settle(ds, d);
}

void
dest_again(struct dest *d)
{
	if (!d->paused)
		return;
	d->paused = false;
	d->until += d->of->pause_most;
	settle(d->of, d);
}

int64_t
dests_wake(struct dests *ds, int64_t now)
{
	struct dest *d, *next, *last;

	if (now < ds->wake)
		return ds->wake;
	ds->wake = CLOCK_NEVER;
	d = ds->list[DEST_DOWN];
	last = d == NULL ? NULL : d->before;
	for (bool more = d != NULL; more; d = next) {
		more = d != last;
		next = d->after;
		if (d->until > now) {
			if (d->until < ds->wake)
				ds->wake = d->until;
		} else if (d->paused) {
			dest_again(d);
		} else {
			/* It was long enough that nobody wanted it. */
			d->failures = 0;
			settle(ds, d);
		}
	}
	if (ds->wake < now + WAKE_MS)
		ds->wake = now + WAKE_MS;
	return ds->wake;
}

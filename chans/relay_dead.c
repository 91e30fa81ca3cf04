/*
 * relay_dead - a short list, searched from end to end.
 */
#include "config.h"

#include <string.h>

#include "chans/relay_dead.h"

static bool
same(const struct relay_place *a, const struct relay_place *b)
{
	return a->address.port == b->address.port &&
	    a->address.family == b->address.family &&
	    (a->address.family == 0 ||
	    net_same_host(&a->address, &b->address)) &&
	    strcmp(a->path, b->path) == 0;
}

static const struct relay_dead_one *
find(const struct relay_dead *d, const struct relay_place *p)
{
	size_t i;

	for (i = 0; i < RELAY_DEAD_MOST; i++) {
		if (d->one[i].wait != 0 && same(&d->one[i].place, p))
			return &d->one[i];
	}
	return NULL;
}

/* The one that is there, else one that is free, else who is back first. */
static struct relay_dead_one *
place_for(struct relay_dead *d, const struct relay_place *p)
{
	const struct relay_dead_one *there = find(d, p);
	struct relay_dead_one *best = &d->one[0];
	size_t i;

	if (there != NULL)
		return &d->one[there - d->one];
	for (i = 0; i < RELAY_DEAD_MOST; i++) {
		if (d->one[i].wait == 0)
			return &d->one[i];
		if (d->one[i].until < best->until)
			best = &d->one[i];
	}
	best->wait = 0;
	return best;
}

bool
relay_dead_is(const struct relay_dead *d, const struct relay_place *p,
    int64_t now, struct chan_answer *why_r)
{
	const struct relay_dead_one *o = find(d, p);

	if (o == NULL || now >= o->until)
		return false;
	*why_r = o->why;
	return true;
}

void
relay_dead_mark(struct relay_dead *d, const struct relay_place *p,
    int64_t now, int64_t first, int64_t most, const struct chan_answer *why)
{
	struct relay_dead_one *o = place_for(d, p);

	o->wait = o->wait == 0 ? first : 2 * o->wait;
	if (o->wait > most)
		o->wait = most;
	o->until = now + o->wait;
	o->place = *p;
	o->why = *why;
}

void
relay_dead_clear(struct relay_dead *d, const struct relay_place *p)
{
	const struct relay_dead_one *o = find(d, p);

	if (o != NULL)
		d->one[o - d->one].wait = 0;
}

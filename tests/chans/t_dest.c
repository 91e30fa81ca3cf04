/*
 * t_dest - whose turn it is: around the destinations, by priority, with the
 * room that each has, and pauses.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "chans/dest.h"
#include "lib/clock.h"
#include "tests/tap.h"

#define MANY 1000

static struct known *
entry(int n, int priority)
{
	struct known *k = calloc(1, sizeof *k);

	snprintf(k->id, sizeof k->id, "%d", n);
	k->priority = (int8_t)priority;
	k->since = n;
	return k;
}

static void
begin(struct dests *ds, uint32_t limit)
{
	dests_init(ds);
	ds->limit = limit;
	ds->pause_first = 1000;
	ds->pause_most = 8000;
}

static int
turn(struct dests *ds)
{
	struct known *k = dests_turn(ds);
	int n = k == NULL ? -1 : (int)strtol(k->id, NULL, 10);

	free(k);
	return n;
}

/* A thousand for one host in front of two for others. */
static void
around(void)
{
	int after = -1;
	struct dests ds;

	begin(&ds, 1000);
	for (int i = 0; i < MANY; i++)
		dest_wait(&ds, dest_get(&ds, "one.test"), entry(i, 0));
	dest_wait(&ds, dest_get(&ds, "TWO.test"), entry(MANY, 0));
	dest_wait(&ds, dest_get(&ds, "three.test"), entry(MANY + 1, 0));
	ok(dest_find(&ds, "two.TEST") != NULL, "names in any case");
	ok(dest_find(&ds, "four.test") == NULL, "nothing is known of others");
	ok(dests_ready(&ds), "there is a turn");
	num(turn(&ds), 0, "the first, of the first");
	num(turn(&ds), MANY, "the first of the second");
	num(turn(&ds), MANY + 1, "and of the third");
	for (int i = 1; i < MANY; i++)
		after += turn(&ds) != i;
	num(after, -1, "then the others in their order");
	num(turn(&ds), -1, "and no more");
	ok(!dests_ready(&ds) && ds.n == 0, "nothing is left to remember");
	dests_free(&ds);
}

static void
room(void)
{
	struct dest *d;
	struct dests ds;

	begin(&ds, 2);
	ok(dest_open(&ds, NULL), "one that is not known has room");
	d = dest_get(&ds, "one.test");
	dest_busy(&ds, d);
	for (int i = 0; i < 4; i++)
		dest_wait(&ds, d, entry(i, 0));
	num(turn(&ds), 0, "there is room for two");
	dest_busy(&ds, d);
	num(turn(&ds), -1, "and no third");
	ok(!dest_open(&ds, d), "it is full");
	dest_idle(&ds, d);
	num(turn(&ds), 1, "until one is over");
	dest_idle(&ds, d);
	num(turn(&ds), 2, "the order is kept");
	num(turn(&ds), 3, "to the last");
	num(ds.n, 0, "and it is forgotten");
	dests_free(&ds);
}

static void
priorities(void)
{
	int got[40], low = 0, normal = 0;
	struct known *k;
	struct dests ds;

	begin(&ds, 1000);
	for (int i = 0; i < 40; i++) {
		dest_wait(&ds, dest_get(&ds, "low.test"), entry(i, -4));
		dest_wait(&ds, dest_get(&ds, "normal.test"),
		    entry(100 + i, 0));
		dest_wait(&ds, dest_get(&ds, "high.test"), entry(200 + i, 4));
	}
	for (int i = 0; i < 40; i++) {
		got[i] = turn(&ds);
		low += got[i] < 100;
		normal += got[i] >= 100 && got[i] < 200;
	}
	ok(got[0] == 200 && got[1] == 201 && got[2] == 202,
	    "the highest first");
	ok(low == 2 && normal == 8, "but none is left out");
	while (turn(&ds) != -1)
		;
	dest_wait(&ds, dest_get(&ds, "x.test"), entry(1, 0));
	dest_wait(&ds, dest_get(&ds, "x.test"), entry(2, 9));
	k = entry(3, 1);
	k->since = 2 * DEST_STEP_MS;
	dest_wait(&ds, dest_get(&ds, "x.test"), k);
	num(turn(&ds), 2, "of one destination, too");
	num(turn(&ds), 1, "but waiting counts");
	num(turn(&ds), 3, "then the last");
	dests_free(&ds);
}

static void
pauses(void)
{
	struct known *k = entry(1, 0);
	struct dest *d;
	struct dests ds;
	int64_t end;

	begin(&ds, 5);
	d = dest_get(&ds, "one.test");
	dest_busy(&ds, d);
	dest_wait(&ds, d, k);
	dest_wait(&ds, d, entry(2, 0));
	ok(dests_wake(&ds, 0) == CLOCK_NEVER, "nothing is paused");
	ok(dest_down(&ds, d, 0, "4.4.1", "no answer"), "it is down");
	ok(!dest_down(&ds, d, 0, "4.4.1", "no answer"), "once");
	dest_idle(&ds, d);
	ok(dest_paused(d) && !dest_open(&ds, d), "and paused");
	is(d->why, "no answer", "with a reason");
	num(turn(&ds), -1, "nobody has a turn");
	end = dests_wake(&ds, 500);
	ok(end >= 1000 && end <= 1125, "until its end");
	ok(dests_wake(&ds, end) > end && !dest_paused(d), "then");
	num(turn(&ds), 1, "one has");
	dest_busy(&ds, d);
	num(turn(&ds), -1, "and no other");
	ok(dest_down(&ds, d, end, "4.4.1", "again"), "in vain");
	dest_idle(&ds, d);
	num(d->failures, 2, "the second failure");
	ok(d->until >= end + 1500 && d->until <= end + 1688,
	    "is a longer pause");
	dest_again(d);
	num(turn(&ds), 2, "somebody ends it");
	dest_busy(&ds, d);
	dest_up(&ds, d);
	num(d->failures, 0, "it is reached");
	dest_idle(&ds, d);
	num(ds.n, 0, "and forgotten");
	dests_free(&ds);
}

/* Without a waiter what we know of it is kept for a while. */
static void
memory(void)
{
	struct known *k;
	struct dest *d;
	struct dests ds;
	int64_t now = 0, next;
	int n = 0;

	begin(&ds, 5);
	d = dest_get(&ds, "one.test");
	dest_busy(&ds, d);
	dest_down(&ds, d, now, "4.4.1", "no answer");
	dest_idle(&ds, d);
	now = dests_wake(&ds, 1125);
	ok(dest_find(&ds, "one.test") == d && !d->paused && d->failures == 1,
	    "the pause is over, the failure not forgotten");
	k = entry(1, 0);
	dest_wait(&ds, d, k);
	dest_leave(k);
	ok(k->dest == NULL && dest_find(&ds, "one.test") == d,
	    "one that changes its mind changes nothing");
	free(k);
	while (n++ < 100 && (next = dests_wake(&ds, now)) != CLOCK_NEVER)
		now = next;
	ok(dest_find(&ds, "one.test") == NULL && now < 20000,
	    "in the end it is");
	dests_free(&ds);
}

int
main(void)
{
	around();
	room();
	priorities();
	pauses();
	memory();
	return done();
}

/*
 * pass - see pass.h.  Runs in deliver, as the submit user.
 *
 * The order is what keeps the promises: what is to be told is marked and
 * synced before it is told (tell.h), and an entry is removed when nothing is
 * left to do or to tell.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <fcntl.h>

#include "chans/outcome.h"
#include "chans/pass.h"
#include "lib/clock.h"
#include "lib/durable.h"
#include "lib/log.h"
#include "lib/xalloc.h"

#define DISK_AGAIN_MS 60000	/* it did not take what we had to write */
#define WITHHELD_MS 1000
#define RELIEF_MS 5000		/* how often waiting entries look around */
#define LONG_MS 3600000		/* the wall clock may be set meanwhile */

static void pass_end(void *ctx, struct entry *e);

void
pass_init(struct delivery *d)
{
	d->channels.ctx = d;
	d->channels.answer = outcome_answer;
	d->channels.end = pass_end;
	d->tell.ctx = d;
	d->tell.until = outcome_end;
}

void
pass_free(struct delivery *d)
{
	tell_free(&d->tell);
}

/* The entry's next turn; with -o it has had its only one. */
static void
again(struct delivery *d, struct known *k, int64_t due)
{
	if (d->once && k->handled)
		agenda_forget(d->agenda, k);
	else
		agenda_set(d->agenda, k, due);
}

static bool
all_over(const struct entry *e)
{
	for (size_t i = 0; i < e->in.q.nrecipients; i++) {
		if ((e->mark[i].state != MARK_DELIVERED &&
		    e->mark[i].state != MARK_NEVER) || marks_owe(&e->mark[i]))
			return false;
	}
	return true;
}

/* When it is due again, of clock_ms(). */
static int64_t
next_turn(struct delivery *d, const struct entry *e, int64_t now)
{
	int64_t wall = clock_wall_us(), due = CLOCK_NEVER, t;

	if (tell_owes(e))
		due = now + TELL_AGAIN_MS;
	t = outcome_next(d, e, wall);
	if (t != SCHEDULE_NEVER) {
		t = now + (t > wall ? (t - wall) / 1000 + 1 : 0);
		if (t < due)
			due = t;
	}
	return due != CLOCK_NEVER && due > now + LONG_MS ? now + LONG_MS :
	    due;
}

/* It becomes a file at the end of this turn; false: it stays. */
static bool
spill(struct delivery *d, struct entry *e, int64_t due)
{
	const struct known *k = e->known;

	if (k->place.generation == 0 || d->stopping ||
	    d->spill.n == SPILL_MOST || due < k->since + d->journal_time)
		return false;
	d->spill.entry[d->spill.n] = e;
	d->spill.due[d->spill.n++] = due;
	return true;
}

void
pass_spill(struct delivery *d)
{
	bool moved[SPILL_MOST];
	struct known *k;
	size_t i;

	if (d->spill.n == 0)
		return;
	spill_all(&d->depot, &d->spill, moved);
	for (i = 0; i < d->spill.n; i++) {
		k = d->spill.entry[i]->known;
		k->entry = NULL;
		entry_release(d->spill.entry[i]);
		if (moved[i])
			again(d, k, d->spill.due[i]);
		else
			again(d, k, clock_ms() + DISK_AGAIN_MS);
	}
	d->spill.n = 0;
}

static struct channel *
channel_of(struct delivery *d, const struct entry *e, size_t i)
{
	return channel_get(&d->channels, e->in.q.recipients[i].channel);
}

/* For what waits, a time to look at it while it does. */
static void
set_deadline(struct delivery *d, struct known *k, int64_t now)
{
	int64_t due = k->deadline;

	if (k->place.generation != 0) {
		int64_t moves = k->since + d->journal_time;

		if (moves < now + RELIEF_MS)
			moves = now + RELIEF_MS;
		if (moves < due)
			due = moves;
	}
	agenda_set(d->agenda, k, due);
}

static void
wait_for(struct delivery *d, struct entry *e, size_t i, int64_t now)
{
	struct channel *ch = channel_of(d, e, i);
	struct known *k = e->known;
	int64_t wall = clock_wall_us(), t = outcome_deadline(d, e, wall);

	k->deadline = t == SCHEDULE_NEVER ? CLOCK_NEVER :
	    now + (t > wall ? (t - wall) / 1000 + 1 : 0);
	dest_wait(&ch->dests, dest_get(&ch->dests,
	    channel_destination(ch, &e->in.q.recipients[i])), k);
}

/* Jobs for all that is due and has room; SIZE_MAX, or one that has none. */
static size_t
pass_jobs(struct delivery *d, struct entry *e, int64_t wall)
{
	bool repeat = e->known->repeat || e->in.q.time < d->started;
	size_t i, wait = SIZE_MAX;
	bool paused = true;

	for (i = 0; i < e->in.q.nrecipients; i++) {
		struct channel *ch = channel_of(d, e, i);
		struct dest *to;

		if (e->busy[i] || !outcome_is_due(&e->mark[i], wall))
			continue;
		to = dest_find(&ch->dests, channel_destination(ch,
		    &e->in.q.recipients[i]));
		if ((!channel_full(ch) && dest_open(&ch->dests, to)) ||
		    (to != NULL && jobs_joins(to->building, e))) {
			channel_add(ch, e, (uint32_t)i, repeat);
		} else if (wait == SIZE_MAX || (paused && !dest_paused(to))) {
			wait = i;
			paused = dest_paused(to);
		}
	}
	e->known->repeat |= e->outstanding > 0;
	return wait;
}

/* What there is to do for e now, and for the rest a place to wait. */
static void
work(struct delivery *d, struct entry *e, int64_t now)
{
	size_t wait = pass_jobs(d, e, clock_wall_us());

	if (wait != SIZE_MAX && e->known->dest == NULL)
		wait_for(d, e, wait, now);
	if (e->outstanding == 0)
		pass_settle(d, e);
}

/* It is not worked on any more; due is when it is again. */
static void
rest(struct delivery *d, struct entry *e, int64_t due, int64_t now)
{
	struct known *k = e->known;

	k->entry = NULL;
	entry_release(e);
	if (k->dest != NULL) {
		set_deadline(d, k, now);
		return;
	}
	/* One that could not be moved to a file has to look again. */
	if (k->place.generation != 0 && due > k->since + d->journal_time) {
		due = k->since + d->journal_time;
		if (due < now + RELIEF_MS)
			due = now + RELIEF_MS;
	}
	again(d, k, due);
}

void
pass_settle(struct delivery *d, struct entry *e)
{
	int64_t due, now = clock_ms();
	struct known *k = e->known;
	bool saved = true;

	outcome_judge(d, e, clock_wall_us());
	tell_group(e);
	/* A notice is owed: that must be known before it is sent. */
	if (tell_owes(e)) {
		saved = entry_save_all(&d->depot, e) == 0;
		if (saved)
			tell_send(&d->tell, e);
	}
	d->active--;
	if (all_over(e) && entry_done(&d->depot, e) == 0) {
		entry_release(e);
		if (k->dest != NULL)
			dest_leave(k);
		agenda_forget(d->agenda, k);
		return;
	}
	due = next_turn(d, e, now);
	if (saved && !all_over(e) && k->dest == NULL && spill(d, e, due))
		return;
	if (saved)
		saved = entry_save_all(&d->depot, e) == 0;
	if (!saved || all_over(e)) {
		/* The disk does not take it: not at once again. */
		k->repeat = true;
		due = now + DISK_AGAIN_MS;
	}
	rest(d, e, due, now);
}

static void
pass_end(void *ctx, struct entry *e)
{
	if (e->outstanding == 0)
		pass_settle(ctx, e);
}

/* An entry that is not ours to work on now. */
static void
not_taken(struct delivery *d, struct known *k, enum taken t)
{
	int64_t now = clock_ms();

	switch (t) {
	case TAKEN_BUSY:
		if (k->busy < 6)
			k->busy++;
		else
			k->handled = true;
		again(d, k, now + (10 << k->busy));
		break;
	case TAKEN_GONE:
	case TAKEN_BAD:
		agenda_forget(d->agenda, k);
		break;
	case TAKEN_NOT:
	case TAKEN:
		k->handled = true;
		again(d, k, now + DISK_AGAIN_MS);
		break;
	}
}

/* What is kept of an entry that is closed. */
static void
remember(struct known *k, const struct entry *e)
{
	const struct qfile *q = &e->in.q;
	const char *at;

	k->priority = (int8_t)(q->priority > DEST_PRIORITY ? DEST_PRIORITY :
	    q->priority < -DEST_PRIORITY ? -DEST_PRIORITY : q->priority);
	k->domains = 0;
	for (size_t i = 0; i < q->nrecipients; i++) {
		at = strrchr(q->recipients[i].address, '@');
		if (e->mark[i].state == MARK_NONE ||
		    e->mark[i].state == MARK_LATER)
			k->domains |= agenda_domain(at != NULL ? at + 1 : "",
			    true);
	}
}

/* By its operator, by submit or by its sender; until_r is of clock_ms(). */
static bool
is_held(const struct entry *e, int64_t now, int64_t *until_r)
{
	int64_t wall = clock_wall_us(), t;
	uint8_t state = e->mark[e->in.q.nrecipients].state;

	*until_r = CLOCK_NEVER;
	if (state == MARK_HELD ||
	    (state != MARK_FREE && e->in.q.held[0] != '\0'))
		return true;
	t = state == MARK_FREE ? 0 : schedule_hold(&e->in.q, wall);
	if (t != 0) {
		t = (t - wall) / 1000 + 1;
		*until_r = now + (t < LONG_MS ? t : LONG_MS);
	}
	return t != 0;
}

enum taken
pass_take(struct delivery *d, struct known *k, struct entry **e_r)
{
	enum taken t = entry_take(&d->depot, k, true, e_r);

	if (t != TAKEN) {
		not_taken(d, k, t);
		return t;
	}
	k->busy = 0;
	k->entry = *e_r;
	d->active++;
	return t;
}

void
pass_put_back(struct delivery *d, struct entry *e)
{
	int64_t now = clock_ms();

	d->active--;
	rest(d, e, now, now);
}

void
pass_forget(struct delivery *d, struct entry *e)
{
	struct known *k = e->known;

	d->active--;
	entry_release(e);
	agenda_forget(d->agenda, k);
}

static void
pass_begin(struct delivery *d, struct known *k)
{
	int64_t now = clock_ms(), until, wall;
	struct entry *e;

	if (tell_withholds(&d->tell, k->id)) {
		k->handled = true;
		again(d, k, now + WITHHELD_MS);
		return;
	}
	if (pass_take(d, k, &e) != TAKEN)
		return;
	wall = clock_wall_us();
	remember(k, e);
	if (is_held(e, now, &until)) {
		k->handled = true;
		d->active--;
		if (!spill(d, e, until))
			rest(d, e, until, now);
		return;
	}
	if (k->hurry || (d->once && !k->handled))
		outcome_hurry(e, wall);
	k->hurry = false;
	k->handled = true;
	outcome_judge(d, e, wall);
	if (tell_owes(e) && entry_save_all(&d->depot, e) == 0)
		tell_send(&d->tell, e);
	work(d, e, now);
}

/*
 * Entries that wait for a destination stay in the journal, to be delivered
 * from there soon, unless submit has no segment left or it cannot be reached.
 */
static bool
moves(const struct delivery *d, const struct known *k, int64_t now)
{
	return k->place.generation != 0 && now >= k->since + d->journal_time &&
	    d->spill.n < SPILL_MOST && (d->pressed || dest_paused(k->dest));
}

void
pass_due(struct delivery *d, struct known *k)
{
	int64_t now = clock_ms();
	struct entry *e;
	bool move;

	/* At work: it comes back. */
	if (k->entry != NULL)
		return;
	if (k->dest == NULL) {
		pass_begin(d, k);
		return;
	}
	move = now < k->deadline && moves(d, k, now);
	if (now < k->deadline && !move) {
		set_deadline(d, k, now);
		return;
	}
	dest_leave(k);
	if (!move) {
		pass_begin(d, k);
		return;
	}
	if (pass_take(d, k, &e) != TAKEN)
		return;
	d->active--;
	if (!spill(d, e, now))
		rest(d, e, now, now);
}

int64_t
pass_feed(struct delivery *d, int64_t now)
{
	int64_t next = CLOCK_NEVER, t;
	struct channel *ch;
	struct known *k;

	for (ch = d->channels.first; ch != NULL; ch = ch->next) {
		t = dests_wake(&ch->dests, now);
		if (t < next)
			next = t;
		while (!channel_full(ch) && d->active < d->most &&
		    (k = dests_turn(&ch->dests)) != NULL) {
			if (k->entry != NULL)
				work(d, k->entry, now);
			else
				pass_begin(d, k);
		}
	}
	return next;
}

bool
pass_ready(const struct delivery *d)
{
	const struct channel *ch;

	if (d->active >= d->most)
		return false;
	for (ch = d->channels.first; ch != NULL; ch = ch->next) {
		if (!channel_full(ch) && dests_ready(&ch->dests))
			return true;
	}
	return false;
}

/* The notices that it owes, again, before anything is delivered. */
static void
replay(struct delivery *d, struct known *k)
{
	struct entry *e;

	if (entry_take(&d->depot, k, false, &e) != TAKEN)
		return;
	tell_withhold(&d->tell, e);
	if (tell_owes(e)) {
		tell_send(&d->tell, e);
		(void)!entry_save_all(&d->depot, e);
	}
	entry_release(e);
}

void
pass_replay(struct delivery *d, const char *id)
{
	const struct known *journaled = agenda_find(d->agenda, id);
	struct known k = { .at = SIZE_MAX };
	struct stat st;

	/* Of a move that was not finished: what the journal has holds. */
	if ((journaled != NULL && journaled->place.generation != 0) ||
	    (fstatat(d->depot.queue, id, &st, AT_SYMLINK_NOFOLLOW) == -1 &&
	    errno == ENOENT)) {
		if (journaled == NULL)
			log_note(LEVEL_NOTICE, "marks/%s: the entry is "
			    "finished", id);
		if (durable_remove(d->depot.marks, id) == -1)
			log_note(LEVEL_ERROR, "marks/%s: %s", id,
			    strerror(errno));
		return;
	}
	if (marks_quiet(d->depot.marks, id))
		return;
	memcpy(k.id, id, sizeof k.id);
	replay(d, &k);
}

bool
pass_found(struct delivery *d, struct known *k, bool late)
{
	size_t i;

	k->repeat = !late;
	if (late)
		return true;
	if (depot_moved(&d->depot, k->id))
		return false;
	for (i = 0; i < k->nkept; i++) {
		if (marks_owe(&k->kept[i])) {
			replay(d, k);
			break;
		}
	}
	return true;
}

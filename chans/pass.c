/*
 * pass - what deliver does with one entry.
 *
 * The order is what keeps the promises.  A failure is marked FAILED with its
 * group and synced before the notice about that group is sent, so that a
 * repeat after a crash has the same identifier and submit knows it again.
 * Until submit said that it has the notice, an entry of that identifier is
 * not delivered (held): once delivered and removed, submit could not know it.
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <fcntl.h>

#include "chans/dsn.h"
#include "chans/notice.h"
#include "chans/pass.h"
#include "chans/retry.h"
#include "lib/clock.h"
#include "lib/durable.h"
#include "lib/log.h"
#include "lib/xalloc.h"

static void pass_answer(void *ctx, struct entry *e,
    const struct chan_answer *a);
static void pass_end(void *ctx, struct entry *e);

void
pass_init(struct delivery *d)
{
	d->channels.ctx = d;
	d->channels.answer = pass_answer;
	d->channels.end = pass_end;
}

static bool
is_held(const struct delivery *d, const char *id)
{
	const struct held *h;

	for (h = d->held; h != NULL; h = h->next) {
		if (strcmp(h->id, id) == 0)
			return true;
	}
	return false;
}

static void
hold(struct delivery *d, const char *id)
{
	struct held *h;

	if (is_held(d, id))
		return;
	h = xcalloc(1, sizeof *h);
	memcpy(h->id, id, sizeof h->id);
	h->next = d->held;
	d->held = h;
}

static void
unhold(struct delivery *d, const char *id)
{
	struct held **p, *h;

	for (p = &d->held; (h = *p) != NULL; p = &h->next) {
		if (strcmp(h->id, id) == 0) {
			*p = h->next;
			free(h);
			return;
		}
	}
}

void
pass_free(struct delivery *d)
{
	while (d->held != NULL)
		unhold(d, d->held->id);
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

static void
log_recipient(const char *event, enum log_level level, const struct entry *e,
    size_t i, struct logline *l)
{
	const struct qfile_recipient *r = &e->in.q.recipients[i];
	int64_t ms = (clock_wall_us() - e->in.q.time) / 1000;
	char delay[40];

	snprintf(delay, sizeof delay, "%" PRId64 ".%" PRId64 "s", ms / 1000,
	    ms < 0 ? 0 : ms % 1000 / 100);
	log_begin(l, level, event);
	log_word(l, "qid", e->in.q.id);
	log_num(l, "rcpt", (int64_t)i);
	log_word(l, "chan", r->channel);
	log_word(l, "delay", delay);
}

static void
log_end_to(struct logline *l, const struct entry *e, size_t i)
{
	char to[600];

	snprintf(to, sizeof to, "<%s>", e->in.q.recipients[i].address);
	log_text(l, "to", to);
	log_end(l);
}

static void
log_failure(const char *event, const struct entry *e, size_t i,
    const char *next)
{
	struct logline l;

	log_recipient(event, LEVEL_NOTICE, e, i, &l);
	log_num(&l, "tries", e->mark[i].tries);
	if (next != NULL)
		log_word(&l, "next", next);
	log_word(&l, "enh", e->mark[i].code);
	log_text(&l, "why", e->mark[i].text);
	log_end_to(&l, e, i);
}

/* A failure for now: when again, or that there is no time left. */
static void
mark_later(struct delivery *d, struct entry *e, struct mark *m)
{
	struct channel *ch = channel_get(&d->channels,
	    e->in.q.recipients[m->recipient].channel);
	int64_t now = clock_wall_us(), end = e->in.q.time + ch->expire * 1000;
	char text[CHANPROTO_TEXT], next[40];

	if (now >= end) {
		memcpy(text, m->text, sizeof text);
		snprintf(m->text, sizeof m->text,
		    "delivery time expired; the last try: %.150s", text);
		snprintf(m->code, sizeof m->code, "5.4.7");
		m->state = MARK_FAILED;
		m->group = MARK_ALONE;
		log_failure("expired", e, m->recipient, NULL);
		return;
	}
	m->state = MARK_LATER;
	m->when = now + 1000 * retry_wait(ch->retry_first, ch->retry_most,
	    m->tries);
	if (m->when > end)
		m->when = end;
	snprintf(next, sizeof next, "%" PRId64 "s",
	    (m->when - now + 500000) / 1000000);
	log_failure("later", e, m->recipient, next);
}

static void
pass_answer(void *ctx, struct entry *e, const struct chan_answer *a)
{
	struct delivery *d = ctx;
	struct mark *m = &e->mark[a->index];
	struct logline l;

	m->tries++;
	memcpy(m->code, a->code, sizeof m->code);
	memcpy(m->text, a->text, sizeof m->text);
	switch ((enum chan_outcome)a->outcome) {
	case CHAN_DELIVERED:
		m->state = MARK_DELIVERED;
		log_recipient("delivered", LEVEL_INFO, e, a->index, &l);
		log_end_to(&l, e, a->index);
		break;
	case CHAN_LATER:
		mark_later(d, e, m);
		break;
	case CHAN_NEVER:
		m->state = MARK_FAILED;
		m->group = MARK_ALONE;
		log_failure("bounced", e, a->index, NULL);
		break;
	}
	e->unsaved[a->index] = true;
	/*
	 * The last answer needs no record if all is done now: the entry's
	 * removal tells it.  A failure here is logged; the mark is written
	 * again at the end of the pass.
	 */
	if (e->outstanding > 0 && entry_save(&d->depot, e, a->index) == -1)
		e->known->repeat = true;
}

static bool
all_over(const struct entry *e)
{
	size_t i;

	for (i = 0; i < e->in.q.nrecipients; i++) {
		if (e->mark[i].state != MARK_DELIVERED &&
		    e->mark[i].state != MARK_NEVER)
			return false;
	}
	return true;
}

/* New failures: those that are told form a group, named by its lowest. */
static void
group_failures(struct entry *e)
{
	uint32_t group = MARK_ALONE;
	struct mark *m;
	size_t i;

	for (i = 0; i < e->in.q.nrecipients; i++) {
		m = &e->mark[i];
		if (m->state != MARK_FAILED || m->group != MARK_ALONE)
			continue;
		e->unsaved[i] = true;
		if (!dsn_wanted(&e->in.q, i)) {
			m->state = MARK_NEVER;
			continue;
		}
		if (group == MARK_ALONE)
			group = (uint32_t)i;
		m->group = group;
	}
}

static enum notice
send_group(struct delivery *d, struct entry *e, uint32_t group)
{
	struct dsn_facts f = { .hostname = d->hostname,
	    .now = clock_wall_us(), .original = &e->in, .mark = e->mark,
	    .group = group };
	struct notice_mail m = { .recipient = e->in.q.sender,
	    .hostname = d->hostname };
	char id[TRACE_ID], why[512] = "";
	enum notice result = NOTICE_REFUSED;
	struct logline l;
	struct buf b;

	dsn_id(e->known->id, group, id);
	f.id = m.id = id;
	buf_init(&b, DSN_MOST);
	m.text = &b;
	hold(d, id);
	/* A submit that hangs must not stop deliveries for each notice. */
	if (clock_ms() < d->quiet) {
		buf_free(&b);
		return NOTICE_LATER;
	}
	if (dsn_build(&b, &f, &m.eight) == 0)
		result = notice_send(d->submit, &m, why, sizeof why);
	if (result == NOTICE_LATER)
		d->quiet = clock_ms() + PASS_NOTICE_MS;
	else
		unhold(d, id);
	log_begin(&l, result == NOTICE_TAKEN ? LEVEL_INFO : LEVEL_WARNING,
	    result == NOTICE_TAKEN ? "notice" : result == NOTICE_LATER ?
	    "notice-later" : "notice-refused");
	log_word(&l, "qid", e->known->id);
	log_word(&l, "notice", id);
	log_text(&l, "to", e->in.q.sender);
	if (result != NOTICE_TAKEN)
		log_text(&l, "why", why);
	log_end(&l);
	buf_free(&b);
	return result;
}

/* Sends what is owed; the failures it tells are over then. */
static void
pass_notices(struct delivery *d, struct entry *e)
{
	uint32_t group, not_now = MARK_ALONE;
	size_t i, k, n = e->in.q.nrecipients;

	for (i = 0; i < n; i++) {
		group = e->mark[i].group;
		if (e->mark[i].state != MARK_FAILED || group == MARK_ALONE ||
		    group == not_now)
			continue;
		if (send_group(d, e, group) == NOTICE_LATER) {
			not_now = group;
			continue;
		}
		for (k = i; k < n; k++) {
			if (e->mark[k].state == MARK_FAILED &&
			    e->mark[k].group == group) {
				e->mark[k].state = MARK_NEVER;
				e->unsaved[k] = true;
			}
		}
	}
}

/* When the entry is due again: the earliest of what is not over. */
static int64_t
next_turn(const struct entry *e, int64_t now)
{
	int64_t due = CLOCK_NEVER, t, wall = clock_wall_us();
	const struct mark *m;
	size_t i;

	for (i = 0; i < e->in.q.nrecipients; i++) {
		m = &e->mark[i];
		t = CLOCK_NEVER;
		if (m->state == MARK_NONE)
			t = now;
		else if (m->state == MARK_FAILED)
			t = now + PASS_NOTICE_MS;
		else if (m->state == MARK_LATER)
			t = now + (m->when > wall ?
			    (m->when - wall) / 1000 + 1 : 0);
		if (t < due)
			due = t;
	}
	return due;
}

static bool
owes(const struct entry *e)
{
	size_t i;

	for (i = 0; i < e->in.q.nrecipients; i++) {
		if (e->mark[i].state == MARK_FAILED &&
		    e->mark[i].group != MARK_ALONE)
			return true;
	}
	return false;
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
		entry_release(d->spill.entry[i]);
		if (moved[i])
			again(d, k, d->spill.due[i]);
		else
			again(d, k, clock_ms() + 60000);
	}
	d->spill.n = 0;
}

static void
pass_end(void *ctx, struct entry *e)
{
	struct delivery *d = ctx;
	struct known *k = e->known;
	int64_t due, now = clock_ms();
	bool saved = true;

	if (e->outstanding > 0)
		return;
	group_failures(e);
	/* A notice is owed: that must be known before it is sent. */
	if (owes(e)) {
		saved = entry_save_all(&d->depot, e) == 0;
		if (saved)
			pass_notices(d, e);
	}
	d->active--;
	if (all_over(e) && entry_done(&d->depot, e) == 0) {
		entry_release(e);
		agenda_forget(d->agenda, k);
		return;
	}
	due = next_turn(e, now);
	if (saved && !all_over(e) && spill(d, e, due))
		return;
	if (saved)
		saved = entry_save_all(&d->depot, e) == 0;
	if (!saved || all_over(e)) {
		/* The disk does not take it: not at once again. */
		k->repeat = true;
		due = now + 60000;
	}
	entry_release(e);
	again(d, k, due);
}

static bool
is_due(const struct delivery *d, const struct mark *m, int64_t wall)
{
	return m->state == MARK_NONE || (m->state == MARK_LATER &&
	    (d->once || m->when <= wall));
}

/* The channel to wait for, if all that the entry needs now are full. */
static struct channel *
all_full(struct delivery *d, const struct entry *e, int64_t wall)
{
	struct channel *first = NULL, *ch;
	size_t i;

	for (i = 0; i < e->in.q.nrecipients; i++) {
		if (!is_due(d, &e->mark[i], wall))
			continue;
		ch = channel_get(&d->channels, e->in.q.recipients[i].channel);
		if (!channel_full(ch))
			return NULL;
		if (first == NULL)
			first = ch;
	}
	return first;
}

static void
wait_for(struct channel *ch, struct known *k)
{
	k->waiting = NULL;
	*ch->waiting_last = k;
	ch->waiting_last = &k->waiting;
}

static void
pass_jobs(struct delivery *d, struct entry *e, int64_t wall)
{
	bool repeat = e->known->repeat || e->in.q.time < d->started;
	struct channel *ch;
	size_t i;

	for (i = 0; i < e->in.q.nrecipients; i++) {
		if (is_due(d, &e->mark[i], wall))
			channel_add(channel_get(&d->channels,
			    e->in.q.recipients[i].channel), e, (uint32_t)i,
			    repeat);
	}
	for (ch = d->channels.first; ch != NULL; ch = ch->next)
		channel_flush(ch);
	e->known->repeat = true;
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
		again(d, k, now + 60000);
		break;
	}
}

void
pass_begin(struct delivery *d, struct known *k)
{
	int64_t wall = clock_wall_us();
	struct channel *full;
	struct entry *e;
	enum taken t;

	if (is_held(d, k->id)) {
		k->handled = true;
		again(d, k, clock_ms() + 1000);
		return;
	}
	t = entry_take(&d->depot, k, true, &e);
	if (t != TAKEN) {
		not_taken(d, k, t);
		return;
	}
	k->busy = 0;
	full = all_full(d, e, wall);
	if (full != NULL) {
		entry_release(e);
		wait_for(full, k);
		return;
	}
	k->handled = true;
	d->active++;
	pass_notices(d, e);
	pass_jobs(d, e, wall);
	if (e->outstanding == 0)
		pass_end(d, e);
}

/*
 * Entries that wait for a channel which is full stay in the journal, to be
 * delivered from there soon, unless submit has no segment left.
 */
static void
relieve(struct delivery *d, struct channel *ch, int64_t now)
{
	struct known *k;
	struct entry *e;

	while ((k = ch->waiting) != NULL && k->place.generation != 0 &&
	    now >= k->since + d->journal_time && d->spill.n < SPILL_MOST &&
	    feed_pressed(&d->depot.feed)) {
		if (entry_take(&d->depot, k, true, &e) != TAKEN)
			return;
		ch->waiting = k->waiting;
		if (ch->waiting == NULL)
			ch->waiting_last = &ch->waiting;
		(void)spill(d, e, now);
	}
}

void
pass_feed(struct delivery *d)
{
	struct channel *ch;
	struct known *k;
	int64_t now = clock_ms();

	for (ch = d->channels.first; ch != NULL; ch = ch->next) {
		while ((k = ch->waiting) != NULL && !channel_full(ch) &&
		    d->active < d->most) {
			ch->waiting = k->waiting;
			if (ch->waiting == NULL)
				ch->waiting_last = &ch->waiting;
			pass_begin(d, k);
		}
		relieve(d, ch, now);
	}
}

/* The notices that it owes, again, before anything is delivered. */
static void
replay(struct delivery *d, struct known *k)
{
	char notice[TRACE_ID];
	struct entry *e;
	size_t i;

	if (entry_take(&d->depot, k, false, &e) != TAKEN)
		return;
	for (i = 0; i < e->in.q.nrecipients; i++) {
		if (e->mark[i].state == MARK_FAILED &&
		    e->mark[i].group != MARK_ALONE) {
			dsn_id(k->id, e->mark[i].group, notice);
			hold(d, notice);
		}
	}
	if (owes(e)) {
		pass_notices(d, e);
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
	memcpy(k.id, id, sizeof k.id);
	replay(d, &k);
}

bool
pass_found(struct delivery *d, struct known *k, bool late)
{
	size_t i;

	k->since = clock_ms();
	k->repeat = !late;
	if (late)
		return true;
	if (depot_moved(&d->depot, k->id))
		return false;
	for (i = 0; i < k->nkept; i++) {
		if (k->kept[i].state == MARK_FAILED) {
			replay(d, k);
			break;
		}
	}
	return true;
}

/*
 * outcome - see outcome.h.  Runs in deliver, as the submit user.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chans/outcome.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/xalloc.h"

#define SECOND 1000000
/* So long it may wait for its first try before that is called a delay. */
#define TURN_MS 60000
#define LOOK_AGAIN (600 * (int64_t)SECOND)

static struct channel *
channel_of(struct delivery *d, const struct entry *e, size_t i)
{
	return channel_get(&d->channels, e->in.q.recipients[i].channel);
}

static const struct dest *
dest_of(struct delivery *d, const struct entry *e, size_t i)
{
	struct channel *ch = channel_of(d, e, i);

	return dest_find(&ch->dests, channel_destination(ch,
	    &e->in.q.recipients[i]));
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

static void
fail(struct delivery *d, struct entry *e, size_t i, const char *event)
{
	struct mark *m = &e->mark[i];

	tell_calm(&d->tell, e, i);
	m->state = MARK_FAILED;
	m->group = MARK_ALONE;
	e->unsaved[i] = true;
	log_failure(event, e, i, NULL);
}

/* Its time is over; last is what the last try came to. */
static void
expire(struct delivery *d, struct entry *e, size_t i, bool early,
    const char *last)
{
	struct mark *m = &e->mark[i];
	char text[CHANPROTO_TEXT];

	snprintf(text, sizeof text, "%.150s", last);
	snprintf(m->text, sizeof m->text, "%s; %s%.120s", early ?
	    "not delivered in the time that its sender gave" :
	    "delivery time expired", m->tries > 0 ? "the last try: " : "",
	    text[0] != '\0' ? text : "not tried");
	snprintf(m->code, sizeof m->code, "5.4.7");
	fail(d, e, i, "expired");
}

/* A failure for now: when again, or that there is no time left. */
static void
later(struct delivery *d, struct entry *e, size_t i)
{
	struct mark *m = &e->mark[i];
	const struct schedule *s = &channel_of(d, e, i)->schedule;
	int64_t now = clock_wall_us();
	char next[40];
	bool early;

	if (now >= schedule_end(s, &e->in.q, &early)) {
		expire(d, e, i, early, m->text);
		return;
	}
	m->state = MARK_LATER;
	m->when = schedule_next(s, &e->in.q, i, m->tries, now);
	snprintf(next, sizeof next, "%" PRId64 "s",
	    (m->when - now + SECOND / 2) / SECOND);
	log_failure("later", e, i, next);
}

/*
 * RFC 2852 4.1.4, 4.1.4.2: told, asked for or not, with a trace; and where a
 * deadline that is not over is lost on the way.
 */
static bool
tells_relay(const struct qfile *q, size_t i, int flags)
{
	if ((flags & (CHAN_RELAYED_DSN | CHAN_RELAYED_NO_DSN)) == 0 ||
	    q->by_mode == 0 || q->sender[0] == '\0' ||
	    strcmp(q->recipients[i].notify, "NEVER") == 0)
		return false;
	return q->by_trace || (q->by_mode == 'N' &&
	    (flags & CHAN_RELAYED_NO_BY) && clock_wall_us() < q->by);
}

static void
delivered(struct delivery *d, struct entry *e, size_t i, int flags)
{
	bool relayed = (flags & (CHAN_RELAYED_DSN | CHAN_RELAYED_NO_DSN)) != 0;
	const struct qfile *q = &e->in.q;
	struct mark *m = &e->mark[i];
	struct logline l;

	tell_calm(&d->tell, e, i);
	m->group = MARK_ALONE;
	if (relayed)
		m->flags |= MARK_RELAYED;
	/* The next system tells it, if it can. */
	m->state = (!(flags & CHAN_RELAYED_DSN) &&
	    dsn_wants(q, i, DSN_DELIVERED)) ||
	    tells_relay(q, i, flags) ?
	    MARK_SUCCESS : MARK_DELIVERED;
	log_recipient("delivered", LEVEL_INFO, e, i, &l);
	log_end_to(&l, e, i);
}

void
outcome_answer(void *ctx, struct entry *e, const struct chan_answer *a)
{
	struct delivery *d = ctx;
	struct mark *m = &e->mark[a->index];

	m->tries++;
	memcpy(m->code, a->code, sizeof m->code);
	memcpy(m->text, a->text, sizeof m->text);
	m->flags &= (uint8_t)~MARK_SAID;
	if (a->flags & CHAN_SAID)
		m->flags |= MARK_SAID;
	switch ((enum chan_outcome)a->outcome) {
	case CHAN_DELIVERED:
		delivered(d, e, a->index, a->flags);
		break;
	case CHAN_LATER:
		later(d, e, a->index);
		break;
	case CHAN_NEVER:
		fail(d, e, a->index, "bounced");
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

int64_t
outcome_end(void *ctx, const struct entry *e, size_t i)
{
	bool early;

	return schedule_end(&channel_of(ctx, e, i)->schedule, &e->in.q,
	    &early);
}

bool
outcome_is_due(const struct mark *m, int64_t wall)
{
	return m->state == MARK_NONE ||
	    (m->state == MARK_LATER && m->when <= wall);
}

static bool
is_open(const struct mark *m)
{
	return m->state == MARK_NONE || m->state == MARK_LATER;
}

void
outcome_hurry(struct entry *e, int64_t wall)
{
	for (size_t i = 0; i < e->in.q.nrecipients; i++) {
		if (e->mark[i].state != MARK_LATER || e->mark[i].when <= wall)
			continue;
		e->mark[i].when = wall;
		e->unsaved[i] = true;
	}
}

/* Not before it was tried, where that can be done at once. */
static bool
may_warn(struct delivery *d, const struct entry *e, size_t i, int64_t wall)
{
	const struct dest *to = dest_of(d, e, i);

	if (dest_paused(to))
		return true;
	if (e->mark[i].state == MARK_LATER && e->mark[i].when > wall)
		return true;
	return !dest_open(&channel_of(d, e, i)->dests, to) &&
	    clock_ms() >= e->known->since + TURN_MS;
}

static uint32_t
warning_of(struct delivery *d, const struct entry *e, size_t i, int64_t wall)
{
	const struct mark *m = &e->mark[i];

	if (m->state == MARK_LATER && m->warning != 0)
		return 0;
	return (uint32_t)(schedule_warning(&channel_of(d, e, i)->schedule,
	    &e->in.q, i, m->warned * (int64_t)SECOND, wall) / SECOND);
}

/* It has no mark yet: the warning stands in one. */
static void
not_tried(struct mark *m, const struct dest *to, int64_t wall)
{
	m->state = MARK_LATER;
	m->when = wall;
	if (dest_paused(to)) {
		memcpy(m->code, to->code, sizeof m->code);
		snprintf(m->text, sizeof m->text, "%s", to->why);
	} else {
		snprintf(m->code, sizeof m->code, "4.4.5");
		snprintf(m->text, sizeof m->text,
		    "it has not been its turn yet");
	}
}

void
outcome_judge(struct delivery *d, struct entry *e, int64_t wall)
{
	size_t i = 0, n = e->in.q.nrecipients;
	bool any = false, early;
	const struct dest *to;
	uint32_t *at;

	while (i < n && !is_open(&e->mark[i]))
		i++;
	if (i == n)
		return;
	at = xcalloc(n, sizeof *at);
	for (; i < n; i++) {
		if (!is_open(&e->mark[i]) || e->busy[i])
			continue;
		to = dest_of(d, e, i);
		if (wall >= schedule_end(&channel_of(d, e, i)->schedule,
		    &e->in.q, &early) && (early || dest_paused(to))) {
			expire(d, e, i, early, dest_paused(to) ? to->why :
			    e->mark[i].text);
			continue;
		}
		at[i] = warning_of(d, e, i, wall);
		if (at[i] != 0 && !may_warn(d, e, i, wall))
			at[i] = 0;
		if (at[i] != 0 && e->mark[i].state == MARK_NONE)
			not_tried(&e->mark[i], to, wall);
		any |= at[i] != 0;
	}
	if (any)
		tell_warn(e, at);
	free(at);
}

void
outcome_bounce(struct delivery *d, struct entry *e, const char *why)
{
	struct mark *m;

	for (size_t i = 0; i < e->in.q.nrecipients; i++) {
		m = &e->mark[i];
		if (!is_open(m))
			continue;
		snprintf(m->code, sizeof m->code, "5.0.0");
		snprintf(m->text, sizeof m->text, "returned by the operator"
		    "%s%.150s", why[0] != '\0' ? ": " : "", why);
		fail(d, e, i, "bounced");
	}
}

/* When time alone makes something of recipient i. */
static int64_t
deadline(struct delivery *d, const struct entry *e, size_t i, int64_t wall)
{
	const struct schedule *s = &channel_of(d, e, i)->schedule;
	bool early;
	int64_t end = schedule_end(s, &e->in.q, &early), t;

	/* Past its time it still has a try, unless that cannot be. */
	if (end <= wall && !early)
		end = wall + LOOK_AGAIN;
	t = schedule_next_warning(s, &e->in.q, i, wall);
	if (warning_of(d, e, i, wall) != 0)
		t = wall + TURN_MS * INT64_C(1000);
	return t < end ? t : end;
}

int64_t
outcome_deadline(struct delivery *d, const struct entry *e, int64_t wall)
{
	int64_t first = SCHEDULE_NEVER, t;

	for (size_t i = 0; i < e->in.q.nrecipients; i++) {
		if (!is_open(&e->mark[i]))
			continue;
		t = deadline(d, e, i, wall);
		if (t < first)
			first = t;
	}
	return first;
}

int64_t
outcome_next(struct delivery *d, const struct entry *e, int64_t wall)
{
	int64_t first = SCHEDULE_NEVER, t;
	const struct mark *m;

	for (size_t i = 0; i < e->in.q.nrecipients; i++) {
		m = &e->mark[i];
		if (!is_open(m))
			continue;
		t = m->state == MARK_NONE ? wall : m->when;
		if (t > wall && warning_of(d, e, i, wall) != 0)
			t = wall;
		if (t > wall && deadline(d, e, i, wall) < t)
			t = deadline(d, e, i, wall);
		if (t < first)
			first = t;
	}
	return first;
}

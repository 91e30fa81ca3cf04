/*
 * orders - see orders.h.  Runs as the submit user.  Believes no request
 * further than its form allows.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "chans/orders.h"
#include "chans/outcome.h"
#include "chans/trash.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/text.h"

static void
answer(struct control_answer *a, enum control_result result, const char *text)
{
	a->result = result;
	snprintf(a->text, sizeof a->text, "%s", text);
}

static bool
is_text(const char *p, size_t size)
{
	return memchr(p, '\0', size) != NULL && text_printable(p, strlen(p));
}

static bool
is_good(const struct control_request *r)
{
	if (r->version != CONTROL_VERSION || !is_text(r->id, sizeof r->id) ||
	    !is_text(r->name, sizeof r->name))
		return false;
	if (r->verb == CONTROL_START)
		return r->name[0] != '\0';
	return r->verb >= CONTROL_RETRY && r->verb <= CONTROL_BOUNCE &&
	    depot_is_id(r->id);
}

/* The entry's own mark: one that was released is held by nobody. */
static int
set_hold(struct delivery *d, struct entry *e, enum mark_state state)
{
	size_t n = e->in.q.nrecipients;

	e->mark[n].state = (uint8_t)state;
	e->mark[n].when = clock_wall_us();
	e->unsaved[n] = true;
	return entry_save_all(&d->depot, e);
}

static int
bounce(struct delivery *d, struct entry *e, const char *why)
{
	outcome_bounce(d, e, why);
	tell_group(e);
	return set_hold(d, e, MARK_FREE);
}

static int
throw_away(struct delivery *d, struct entry *e)
{
	if (d->trash_time > 0 && trash_keep(&d->depot, e) == -1)
		return -1;
	if (entry_done(&d->depot, e) == -1)
		return -1;
	depot_settle(&d->depot);
	return 0;
}

static int
order(struct delivery *d, struct entry *e, const struct control_request *r)
{
	switch ((enum control_verb)r->verb) {
	case CONTROL_HOLD:
		return set_hold(d, e, MARK_HELD);
	case CONTROL_RELEASE:
		return set_hold(d, e, MARK_FREE);
	case CONTROL_BOUNCE:
		return bounce(d, e, r->name);
	case CONTROL_DELETE:
		return throw_away(d, e);
	case CONTROL_RETRY:
		outcome_hurry(e, clock_wall_us());
		return entry_save_all(&d->depot, e);
	case CONTROL_START:
		break;
	}
	return -1;
}

static void
log_order(const struct control_request *r)
{
	static const char *const word[] = { "", "retry", "hold", "release",
	    "delete", "bounce", "start" };
	struct logline l;

	log_begin(&l, LEVEL_NOTICE, "order");
	log_word(&l, "do", word[r->verb]);
	if (r->id[0] != '\0')
		log_word(&l, "qid", r->id);
	if (r->name[0] != '\0')
		log_text(&l, r->verb == CONTROL_START ? "domain" : "why",
		    r->name);
	log_end(&l);
}

/* One that was taken; what r wants is done when this returns. */
static void
do_taken(struct delivery *d, struct entry *e,
    const struct control_request *r, struct control_answer *a)
{
	if (order(d, e, r) == -1) {
		answer(a, CONTROL_FAILED, strerror(errno));
		/* As it is on the disk. */
		memset(e->unsaved, 0, e->in.q.nrecipients + 1);
		pass_put_back(d, e);
		return;
	}
	a->count = 1;
	answer(a, CONTROL_DONE, "");
	log_order(r);
	if (r->verb == CONTROL_DELETE)
		pass_forget(d, e);
	else if (r->verb == CONTROL_BOUNCE)
		pass_settle(d, e);
	else
		pass_put_back(d, e);
}

static void
entry_order(struct delivery *d, const struct control_request *r,
    struct control_answer *a)
{
	struct known *k = agenda_find(d->agenda, r->id);
	struct entry *e;

	if (k == NULL) {
		answer(a, CONTROL_ABSENT, "there is no such message");
		return;
	}
	if (k->entry != NULL || tell_withholds(&d->tell, k->id)) {
		answer(a, CONTROL_BUSY, "it is being delivered");
		return;
	}
	if (k->dest != NULL) {
		if (r->verb == CONTROL_RETRY)
			dest_again(k->dest);
		dest_leave(k);
	}
	if (r->verb == CONTROL_RETRY && !d->stopping) {
		k->hurry = true;
		a->count = 1;
		answer(a, CONTROL_DONE, "");
		log_order(r);
		pass_due(d, k);
		return;
	}
	switch (pass_take(d, k, &e)) {
	case TAKEN:
		do_taken(d, e, r, a);
		break;
	case TAKEN_BUSY:
		answer(a, CONTROL_BUSY, "it is locked");
		break;
	case TAKEN_GONE:
		answer(a, CONTROL_ABSENT, "there is no such message");
		break;
	case TAKEN_BAD:
		answer(a, CONTROL_ABSENT, "it is damaged, and was set aside");
		break;
	case TAKEN_NOT:
		answer(a, CONTROL_FAILED, "it cannot be read now");
		break;
	}
}

struct start {
	struct delivery *d;
	uint64_t bits;
	int64_t now;
	uint32_t count;
};

static void
start_one(void *ctx, struct known *k)
{
	struct start *s = ctx;

	if ((k->domains & s->bits) != s->bits)
		return;
	s->count++;
	k->hurry = true;
	if (k->dest != NULL)
		dest_again(k->dest);
	else if (k->entry == NULL)
		agenda_set(s->d->agenda, k, s->now);
}

void
orders_do(struct delivery *d, const struct control_request *r,
    struct control_answer *a_r)
{
	struct start s = { .d = d, .now = clock_ms() };

	*a_r = (struct control_answer){ .count = 0 };
	if (!is_good(r)) {
		answer(a_r, CONTROL_MALFORMED, "no good request");
		return;
	}
	if (r->verb != CONTROL_START) {
		entry_order(d, r, a_r);
		return;
	}
	s.bits = agenda_domain(r->name, false);
	agenda_each(d->agenda, start_one, &s);
	a_r->count = s.count;
	answer(a_r, CONTROL_DONE, "");
	log_order(r);
}

void
orders_purge(struct delivery *d)
{
	trash_purge(&d->depot, d->trash_time);
}

/*
 * tell - see tell.h.  Runs in deliver, as the submit user.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "chans/notice.h"
#include "chans/tell.h"
#include "lib/clock.h"
#include "lib/digest.h"
#include "lib/log.h"
#include "lib/xalloc.h"

struct withheld {
	struct withheld *next;
	char id[TRACE_ID];
};

static size_t
bucket_of(const char *id)
{
	return digest_of(id, strlen(id)) % TELL_BUCKETS;
}

bool
tell_withholds(const struct tell *t, const char *id)
{
	const struct withheld *h;

	for (h = t->bucket[bucket_of(id)]; h != NULL; h = h->next) {
		if (strcmp(h->id, id) == 0)
			return true;
	}
	return false;
}

static void
withhold(struct tell *t, const char id[TRACE_ID])
{
	struct withheld *h, **first = &t->bucket[bucket_of(id)];

	if (tell_withholds(t, id))
		return;
	h = xcalloc(1, sizeof *h);
	memcpy(h->id, id, sizeof h->id);
	h->next = *first;
	*first = h;
}

static void
let_go(struct tell *t, const char *id)
{
	struct withheld **p, *h;

	for (p = &t->bucket[bucket_of(id)]; (h = *p) != NULL; p = &h->next) {
		if (strcmp(h->id, id) == 0) {
			*p = h->next;
			free(h);
			return;
		}
	}
}

void
tell_free(struct tell *t)
{
	struct withheld *h;

	for (size_t i = 0; i < TELL_BUCKETS; i++) {
		while ((h = t->bucket[i]) != NULL) {
			t->bucket[i] = h->next;
			free(h);
		}
	}
}

static void
group_one(struct entry *e, size_t i, enum dsn_kind kind, uint32_t *group)
{
	struct mark *m = &e->mark[i];

	e->unsaved[i] = true;
	/* SUCCESS says by itself that somebody is to be told. */
	if (kind == DSN_FAILED && !dsn_wants(&e->in.q, i, kind)) {
		m->state = MARK_NEVER;
		return;
	}
	if (*group == MARK_ALONE)
		*group = (uint32_t)i;
	m->group = *group;
}

void
tell_group(struct entry *e)
{
	uint32_t failed = MARK_ALONE, done = MARK_ALONE;
	struct mark *m;

	for (size_t i = 0; i < e->in.q.nrecipients; i++) {
		m = &e->mark[i];
		if (m->state != MARK_NONE && m->state != MARK_FAILED &&
		    !(m->flags & (MARK_EXPANDING | MARK_EXPANDED)) &&
		    dsn_wants(&e->in.q, i, DSN_EXPANDED)) {
			m->flags |= MARK_EXPANDING;
			e->unsaved[i] = true;
		}
		if (m->group != MARK_ALONE)
			continue;
		if (m->state == MARK_FAILED)
			group_one(e, i, DSN_FAILED, &failed);
		else if (m->state == MARK_SUCCESS)
			group_one(e, i, DSN_DELIVERED, &done);
	}
}

void
tell_warn(struct entry *e, const uint32_t *at)
{
	size_t i, k, n = e->in.q.nrecipients;

	for (i = 0; i < n; i++) {
		if (at[i] == 0)
			continue;
		/* The lowest with the same warning names them all. */
		for (k = 0; at[k] != at[i]; k++)
			;
		e->mark[i].warning = at[i];
		e->mark[i].group = (uint32_t)k;
		e->unsaved[i] = true;
	}
}

/* What of recipient i is owed first; false: nothing. */
static bool
owed(const struct entry *e, size_t i, struct dsn_facts *f_r)
{
	const struct mark *m = &e->mark[i];

	if (!marks_owe(m))
		return false;
	f_r->group = m->group;
	f_r->at = 0;
	if (m->flags & MARK_EXPANDING) {
		f_r->kind = DSN_EXPANDED;
		f_r->group = (uint32_t)i;
	} else if (m->state == MARK_LATER) {
		f_r->kind = DSN_DELAYED;
		f_r->at = m->warning;
	} else {
		f_r->kind = m->state == MARK_FAILED ? DSN_FAILED :
		    DSN_DELIVERED;
	}
	return true;
}

void
tell_calm(struct tell *t, struct entry *e, size_t i)
{
	struct mark *m = &e->mark[i];
	char id[TRACE_ID];

	if (m->state != MARK_LATER || m->warning == 0)
		return;
	dsn_id(e->known->id, DSN_DELAYED, m->group, m->warning, id);
	let_go(t, id);
	m->warning = 0;
	m->group = MARK_ALONE;
}

bool
tell_owes(const struct entry *e)
{
	for (size_t i = 0; i < e->in.q.nrecipients; i++) {
		if (marks_owe(&e->mark[i]))
			return true;
	}
	return false;
}

void
tell_withhold(struct tell *t, const struct entry *e)
{
	struct dsn_facts f;
	char id[TRACE_ID];

	for (size_t i = 0; i < e->in.q.nrecipients; i++) {
		if (!owed(e, i, &f))
			continue;
		dsn_id(e->known->id, f.kind, f.group, f.at, id);
		withhold(t, id);
	}
}

static void
log_notice(const struct dsn_facts *f, const struct entry *e,
    enum notice result, const char *why)
{
	static const char *const about[] = { "failed", "delayed",
	    "delivered", "expanded" };
	struct logline l;

	log_begin(&l, result == NOTICE_TAKEN ? LEVEL_INFO : LEVEL_WARNING,
	    result == NOTICE_TAKEN ? "notice" : result == NOTICE_LATER ?
	    "notice-later" : "notice-refused");
	log_word(&l, "qid", e->known->id);
	log_word(&l, "notice", f->id);
	log_word(&l, "about", about[f->kind]);
	log_text(&l, "to", e->in.q.sender);
	if (result != NOTICE_TAKEN)
		log_text(&l, "why", why);
	log_end(&l);
}

static enum notice
send_one(struct tell *t, const struct entry *e, struct dsn_facts *f, size_t i)
{
	struct notice_mail m = { .recipient = e->in.q.sender,
	    .hostname = t->hostname, .requiretls = e->in.q.requiretls,
	    .priority = e->in.q.priority };
	char id[TRACE_ID], why[512] = "";
	enum notice result = NOTICE_REFUSED;
	struct buf b;

	dsn_id(e->known->id, f->kind, f->group, f->at, id);
	withhold(t, id);
	/* A submit that hangs must not stop deliveries for each notice. */
	if (clock_ms() < t->quiet)
		return NOTICE_LATER;
	f->id = m.id = id;
	f->hostname = t->hostname;
	f->now = clock_wall_us();
	f->original = &e->in;
	f->mark = e->mark;
	f->full_most = t->full_most;
	f->until = f->kind == DSN_DELAYED ? t->until(t->ctx, e, i) : 0;
	buf_init(&b, (size_t)t->full_most + DSN_MOST);
	m.text = &b;
	if (dsn_build(&b, f, &m.eight, &m.utf8) == 0)
		result = notice_send(t->submit, &m, why, sizeof why);
	if (result == NOTICE_LATER)
		t->quiet = clock_ms() + TELL_AGAIN_MS;
	else
		let_go(t, id);
	log_notice(f, e, result, why);
	f->id = NULL;
	buf_free(&b);
	return result;
}

/* All that f told is over. */
static void
is_told(struct entry *e, const struct dsn_facts *f)
{
	struct mark *m;

	for (size_t k = 0; k < e->in.q.nrecipients; k++) {
		m = &e->mark[k];
		if (!dsn_tells(f, k))
			continue;
		e->unsaved[k] = true;
		if (f->kind == DSN_FAILED) {
			m->state = MARK_NEVER;
		} else if (f->kind == DSN_DELIVERED) {
			m->state = MARK_DELIVERED;
		} else if (f->kind == DSN_EXPANDED) {
			m->flags |= MARK_EXPANDED;
			m->flags &= (uint8_t)~MARK_EXPANDING;
		} else {
			m->warned = m->warning;
			m->warning = 0;
			m->group = MARK_ALONE;
		}
	}
}

void
tell_send(struct tell *t, struct entry *e)
{
	struct dsn_facts f = { .mark = e->mark };
	size_t i = 0;

	while (i < e->in.q.nrecipients) {
		if (!owed(e, i, &f)) {
			i++;
			continue;
		}
		if (send_one(t, e, &f, i) == NOTICE_LATER)
			return;
		is_told(e, &f);
	}
}

/*
 * schedule - see schedule.h.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "chans/dsn.h"
#include "chans/retry.h"
#include "chans/schedule.h"
#include "lib/digest.h"
#include "lib/text.h"

#define MS 1000		/* in microseconds */
#define SECOND 1000000

static int
compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

void
schedule_set(struct schedule *s_r, const struct settings *v)
{
	*s_r = (struct schedule){ .first = v->retry_first,
	    .most = v->retry_most, .expire = v->expire,
	    .expire_notices = v->expire_notices };
	for (size_t i = 0; i < v->warn_after.n &&
	    s_r->nwarn < SCHEDULE_WARNINGS; i++) {
		if (text_duration(v->warn_after.at[i],
		    &s_r->warn[s_r->nwarn]) == 0)
			s_r->nwarn++;
	}
	qsort(s_r->warn, s_r->nwarn, sizeof *s_r->warn, compare);
}

/* Waiting that the sender asked for does not count. */
static int64_t
begin(const struct qfile *q)
{
	return q->hold > q->time ? q->hold : q->time;
}

int64_t
schedule_hold(const struct qfile *q, int64_t now)
{
	return q->hold > now ? q->hold : 0;
}

int64_t
schedule_end(const struct schedule *s, const struct qfile *q, bool *early_r)
{
	int64_t most = s->expire, end;

	if (q->sender[0] == '\0' && s->expire_notices < most)
		most = s->expire_notices;
	end = begin(q) + most * MS;
	*early_r = q->by_mode == 'R' && q->by < end;
	return *early_r ? q->by : end;
}

int64_t
schedule_next(const struct schedule *s, const struct qfile *q,
    size_t recipient, uint32_t tries, int64_t now)
{
	uint64_t dice = digest_of(q->id, strlen(q->id)) + recipient;
	int64_t at = now + MS * retry_wait(s->first, s->most, tries, dice);
	bool early;
	int64_t end = schedule_end(s, q, &early);

	return at < end ? at : end;
}

/*
 * The nth time to warn at; DELIVERBY's is one of them (RFC 2852).  Of whole
 * seconds, as marks have it: else one that was told would not be the same.
 */
static int64_t
warning(const struct schedule *s, const struct qfile *q, size_t n)
{
	int64_t t = q->by;

	if (n < s->nwarn)
		t = begin(q) + s->warn[n] * MS;
	else if (q->by_mode != 'N')
		return SCHEDULE_NEVER;
	return (t + SECOND - 1) / SECOND * SECOND;
}

int64_t
schedule_warning(const struct schedule *s, const struct qfile *q,
    size_t recipient, int64_t told, int64_t now)
{
	int64_t last = 0, t;

	if (!dsn_wants(q, recipient, DSN_DELAYED))
		return 0;
	for (size_t n = 0; n <= s->nwarn; n++) {
		t = warning(s, q, n);
		if (t <= now && t > told && t > last)
			last = t;
	}
	return last;
}

int64_t
schedule_next_warning(const struct schedule *s, const struct qfile *q,
    size_t recipient, int64_t now)
{
	int64_t first = SCHEDULE_NEVER, t;

	if (!dsn_wants(q, recipient, DSN_DELAYED))
		return first;
	for (size_t n = 0; n <= s->nwarn; n++) {
		t = warning(s, q, n);
		if (t > now && t < first)
			first = t;
	}
	return first;
}

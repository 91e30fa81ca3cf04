/*
 * transfer - what DATA and BDAT have in common: the wait for a message's
 * octets, and what becomes of it.
 */
#include "config.h"

#include <string.h>

#include "smtpsrvr/checks.h"
#include "smtpsrvr/pace.h"
#include "smtpsrvr/submitter.h"
#include "smtpsrvr/transfer.h"

#define OVERRUN 4		/* times the maximum that is read and dropped */

void
transfer_begin(struct session *s)
{
	s->forged = (struct forged){ .over = s->set->trusted };
	s->tx.began = clock_ms();
	s->tx.until = s->tx.began + s->set->message_time;
	s->tx.came = 0;
	if (s->state >= STATE_RCPT && s->tx.completion == NULL)
		s->tx.completion = completion_new(s);
}

/* Behind text_len is so much more: what of it is not forged stays. */
static void
added(struct session *s, size_t len)
{
	const struct settings *set = s->set;
	size_t before = s->text_len;

	s->text_len = forged_take(&s->forged, set->authserv_id[0] != '\0' ?
	    set->authserv_id : set->hostname, s->text, before, len);
	s->tx.stored += s->text_len;
	s->tx.stored -= before;
}

/* To submit, but for a field that may yet go. */
static void
stream(struct session *s)
{
	size_t held = s->forged.held, at = s->text_len - held;

	s->text_len = at;
	submitter_stream(s);
	memmove(s->text, s->text + at, held);
	s->text_len = held;
}

/* What the header becomes, and what of the body came with it. */
static void
put(struct session *s, const char *p, size_t len)
{
	while (len > 0 && !s->tx.broken) {
		size_t n = sizeof s->text - s->text_len;

		if (n == 0) {
			stream(s);
			continue;
		}
		n = n < len ? n : len;
		memcpy(s->text + s->text_len, p, n);
		added(s, n);
		p += n;
		len -= n;
	}
}

char *
transfer_room(struct session *s, size_t least, size_t *room_r)
{
	struct completion *c = s->tx.completion;

	if (completion_active(c)) {
		*room_r = sizeof c->in;
		return c->in;
	}
	if (sizeof s->text - s->text_len < least)
		stream(s);
	*room_r = sizeof s->text - s->text_len;
	return s->text + s->text_len;
}

void
transfer_came(struct session *s, size_t made)
{
	struct completion *c = s->tx.completion;
	size_t at = 0, n;

	if (!completion_active(c)) {
		added(s, made);
		return;
	}
	while (at < made && !c->mend.over) {
		mend_take(&c->mend, c->in + at, made - at, &n, &c->out);
		at += n;
		put(s, c->out.p, c->out.len);
		buf_reset(&c->out);
	}
	put(s, c->in + at, made - at);
}

static void
end_text(struct session *s)
{
	struct completion *c = s->tx.completion;

	if (!completion_active(c))
		return;
	mend_end(&c->mend, &c->out);
	put(s, c->out.p, c->out.len);
	buf_reset(&c->out);
}

/* Octets a second, so far. */
static int64_t
rate(const struct session *s)
{
	int64_t ms = clock_ms() - s->tx.began;

	return ms <= 0 ? 0 : (int64_t)(s->tx.came * 1000 / (uint64_t)ms);
}

void
transfer_drop(struct session *s)
{
	s->text_len = 0;
	s->forged = (struct forged){ .over = true };
}

int64_t
transfer_wait(struct session *s)
{
	int64_t deadline = clock_ms() + s->set->data_timeout;
	int64_t hurry = pace_message(s, s->tx.began, s->tx.came);

	if (hurry < deadline)
		deadline = hurry;
	/* At the message's last deadline every read would be one wait. */
	wire_begin(&s->wire);
	return deadline < s->tx.until ? deadline : s->tx.until;
}

enum transfer_end
transfer_end(const struct session *s, enum wire_end end)
{
	switch (end) {
	case WIRE_OK:
		return TRANSFER_OK;
	case WIRE_TIMEOUT:
		return clock_left(s->tx.until) == 0 ? TRANSFER_SLOW :
		    pace_hurried(s) ? TRANSFER_HURRIED : TRANSFER_TIMEOUT;
	case WIRE_STOPPING:
		return TRANSFER_STOPPING;
	case WIRE_TOO_LONG:
	case WIRE_BARE:
	case WIRE_CLOSED:
		break;
	}
	return TRANSFER_CLOSED;
}

bool
transfer_endless(const struct session *s, uint64_t octets)
{
	return octets / OVERRUN > (uint64_t)s->set->max_message_size;
}

void
transfer_refuse(struct session *s, enum transfer_end end, struct reply *r)
{
	s->over = end != TRANSFER_BARE;
	switch (end) {
	case TRANSFER_BARE:
		reply_set(r, s->set->bare_newline == BARE_NEWLINE_DEFER ?
		    REPLY_BARE_NEWLINE_DEFER : REPLY_BARE_NEWLINE);
		reply_because(r, "bare-newline");
		break;
	case TRANSFER_TIMEOUT:
		reply_set(r, REPLY_SLOW_TRANSFER, s->set->hostname);
		reply_limit(r, "data-timeout", s->set->data_timeout,
		    s->set->data_timeout);
		break;
	case TRANSFER_HURRIED:
		reply_set(r, REPLY_SLOW_TRANSFER, s->set->hostname);
		reply_limit(r, "stress-rate", rate(s),
		    s->set->stress_rate);
		break;
	case TRANSFER_SLOW:
		reply_set(r, REPLY_SLOW_TRANSFER, s->set->hostname);
		reply_limit(r, "message-time", s->set->message_time,
		    s->set->message_time);
		break;
	case TRANSFER_ENDLESS:
		reply_set(r, REPLY_TOO_BIG,
		    (long long)s->set->max_message_size);
		reply_limit(r, "max-message-size", (long long)s->tx.size,
		    s->set->max_message_size);
		break;
	case TRANSFER_STOPPING:
		reply_set(r, REPLY_SHUTTING_DOWN, s->set->hostname);
		break;
	case TRANSFER_CLOSED:
	case TRANSFER_OK:
		s->lost = true;
		break;
	}
}

void
transfer_finish(struct session *s, struct reply *r)
{
	end_text(s);
	if (checks_run(s, END, &(struct check_subject){ 0 }, r) != PASS)
		return;
	submitter_finish(s, r);
	if (reply_good(r)) {
		s->messages++;
		s->errors = s->idle = s->begun = 0;
	}
}

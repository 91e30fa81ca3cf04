/*
 * pace - see pace.h.
 */
#include "config.h"

#include <poll.h>

#include "lib/stress.h"
#include "smtpsrvr/pace.h"

static bool
pressed(const void *ctx)
{
	const struct session *s = ctx;

	return pace_hurried(s);
}

void
pace_init(struct session *s)
{
	if (s->server->counts != NULL)
		wire_hurry(&s->wire, s->set->stress_timeout, pressed, s);
}

bool
pace_hurried(const struct session *s)
{
	struct stress now;

	return stress_seen(s->server->counts, clock_ms(), &now) && now.on;
}

int64_t
pace_message(const struct session *s, int64_t began, uint64_t octets)
{
	if (s->set->stress_rate == 0 || !pace_hurried(s))
		return CLOCK_NEVER;
	return began + s->set->stress_timeout +
	    (int64_t)(octets * 1000 / (uint64_t)s->set->stress_rate);
}

/* Who looks on (inlet explain) does not wait with us. */
static bool
waits(const struct session *s, int64_t ms)
{
	return ms > 0 && s->watcher == NULL && !pace_hurried(s);
}

/* Until the client closes, or smtpd ends; both are noticed by who is next. */
static void
sleep_with(struct session *s, int64_t ms)
{
	if (wire_flush(&s->wire) == WIRE_OK)
		(void)wire_wait(&s->wire, POLLRDHUP, clock_ms() + ms);
}

void
pace_greeting(struct session *s)
{
	int64_t ms = waits(s, s->set->greeting_delay) ?
	    s->set->greeting_delay : 0;
	enum wire_end end;

	if (s->watcher != NULL || (ms == 0 &&
	    s->set->early_talkers == EARLY_TALKERS_ACCEPT))
		return;
	if (wire_flush(&s->wire) != WIRE_OK)
		s->lost = true;
	if (s->lost)
		return;
	/* What a header or a handshake left behind was said early, too. */
	s->early = wire_pending(&s->wire);
	if (s->early)
		return;
	end = wire_fill_now(&s->wire, clock_ms() + ms);
	s->early = end == WIRE_OK;
	s->lost = end == WIRE_CLOSED;
}

int64_t
pace_refusal(struct session *s)
{
	int64_t ms = s->tarpit == 0 ? s->set->tarpit : s->tarpit;

	if (!waits(s, ms))
		return 0;
	if (ms > s->set->tarpit_most)
		ms = s->set->tarpit_most;
	s->tarpit = ms * (1 + s->set->tarpit_growth);
	sleep_with(s, ms);
	return ms;
}

void
pace_recipient(struct session *s)
{
	if (s->set->tarpit_count > 0 && waits(s, s->set->tarpit_delay) &&
	    (int64_t)s->tx.accepted >= s->set->tarpit_count)
		sleep_with(s, s->set->tarpit_delay);
}

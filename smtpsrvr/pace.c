/*
 * pace - see pace.h.
 */
#include "config.h"

#include <poll.h>

#include "lib/stress.h"
#include "smtpsrvr/checks.h"
#include "smtpsrvr/consult.h"
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

#define TARPIT "tarpit, tarpit-growth, tarpit-most"

/* Who looks on (inlet explain) is told, and does not wait with us. */
static bool
waits(struct session *s, int64_t ms, const char *what, const char *settings)
{
	if (ms <= 0 || pace_hurried(s))
		return false;
	if (s->watcher != NULL)
		s->watcher->paced(s, what, ms, settings);
	return s->watcher == NULL;
}

/* Until the client closes, or smtpd ends; both are noticed by who is next. */
static void
sleep_with(struct session *s, int64_t ms)
{
	consult_done(s);
	if (wire_flush(&s->wire) == WIRE_OK)
		(void)wire_wait(&s->wire, POLLRDHUP, clock_ms() + ms);
}

void
pace_greeting(struct session *s)
{
	int64_t ms = waits(s, s->set->greeting_delay, "the greeting",
	    "greeting-delay") ? s->set->greeting_delay : 0;
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

	if (ms > s->set->tarpit_most)
		ms = s->set->tarpit_most;
	if (!waits(s, ms, "the refusal", TARPIT))
		return 0;
	s->tarpit = ms * (1 + s->set->tarpit_growth);
	sleep_with(s, ms);
	return ms;
}

void
pace_recipient(struct session *s)
{
	const struct settings *v = s->set;

	if (v->tarpit_count > 0 && (int64_t)s->tx.accepted + s->tx.nobody >=
	    v->tarpit_count && waits(s, v->tarpit_delay, "the recipient",
	    "tarpit-count, tarpit-delay"))
		sleep_with(s, v->tarpit_delay);
}

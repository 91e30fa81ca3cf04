/*
 * check_limits - the channel's own limits, which smtpd counts by: it is told
 * the channel's number, which inlet limits shows, and asked if there is any.
 */
#include "config.h"

#include <stdio.h>

#include "lib/rate.h"
#include "smtpsrvr/checks.h"

#define ANSWER_MS 5000

/* Has it any that smtpd counts by? */
static bool
has_own(const struct conf *c, int channel)
{
	const struct section *own = &c->channels[channel];
	struct rates r;

	if (own->from[SETTING_max_connections].file != NULL ||
	    own->from[SETTING_max_connections_per_address].file != NULL ||
	    own->from[SETTING_max_connections_per_prefix].file != NULL)
		return true;
	if (own->from[SETTING_rates].file == NULL)
		return false;
	rates_in_force(c, -1, channel, &r);
	for (size_t i = 0; i < r.n; i++)
		if (r.at[i].what != RATE_MESSAGES &&
		    r.at[i].what != RATE_RECIPIENTS)
			return true;
	return false;
}

enum check_verdict
checks_answered(const struct session *s, const struct life_answer *a,
    struct reply *r)
{
	char when[24];

	if (a->refused == 0)
		return PASS;
	if (a->free_ms > 0) {
		snprintf(when, sizeof when, "%lld s",
		    (long long)(a->free_ms + 999) / 1000);
		reply_set(r, REPLY_TOO_OFTEN, a->limit, when);
	} else {
		reply_set(r, REPLY_BUSY, s->set->hostname, a->limit);
	}
	reply_because(r, "limits");
	reply_limit(r, a->limit, a->value, a->most);
	return REFUSE;
}

enum check_verdict
check_limits(struct session *s, const struct check_subject *x,
    struct reply *r)
{
	struct life_report told = { .kind = LIFE_CHANNEL,
	    .channel = (uint32_t)s->source.channel };
	struct life_answer a;

	(void)x;
	if (s->life < 0)
		return PASS;
	if (!has_own(s->server->conf, s->source.channel)) {
		/* That nobody hears it is noticed later, as at any time. */
		(void)!life_tell(s->life, &told);
		return PASS;
	}
	told.kind = LIFE_ASK;
	if (life_ask(s->life, &told, clock_ms() + ANSWER_MS, &a) == 0)
		return checks_answered(s, &a, r);
	reply_set(r, REPLY_NO_SERVICE, s->set->hostname);
	return REFUSE;
}

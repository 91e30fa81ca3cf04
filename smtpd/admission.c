/*
 * admission - who may come in now: rates, penalties, the machine's load.
 *
 * Runs as root and believes no number: a session can only spoil what is
 * counted of its own address and channel.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <sys/sysinfo.h>

#include "smtpd/admission.h"

#define LOAD_MS 1000		/* between two looks */
#define TOLD_MOST 1000000	/* of one report: then it says "many" */

/* A section's rules, with what a rule says about somebody. */
struct asked {
	struct counts_key key;
	char text[RATE_TEXT];
};

static void
key_of(const struct daemon *d, int section, const struct rate *r,
    const struct limit_subject *who, struct asked *a_r)
{
	a_r->text[0] = '\0';
	if (r->by == RATE_ADDRESS)
		net_text(&who->peer, a_r->text);
	else if (r->by == RATE_PREFIX)
		limits_prefix_text(&d->slots.limits, &who->peer, a_r->text);
	a_r->key = (struct counts_key){ .what = r->what, .by = r->by,
	    .scope = section == 0 ? SERVER : section < PLAN_CHANNEL(0) ?
	    LISTENER : CHANNEL, .section = d->plan.sections[section].name,
	    .text = a_r->text, .period_ms = r->period_ms };
}

/* An address of IPv6 is worth nothing: there it is the prefix. */
static void
penalty_key(const struct daemon *d, const struct limit_subject *who,
    struct asked *a_r)
{
	struct rate r = { .what = COUNTS_PENALTY, .by = who->peer.family == 6 ?
	    RATE_PREFIX : RATE_ADDRESS, .period_ms = d->plan.half_life_ms };

	key_of(d, 0, &r, who, a_r);
}

static int
refuse(struct daemon *d, const struct asked *a,
    const struct counts_answer *got, const char *limit, const char *rule,
    struct limit_hit *h)
{
	counts_refuse(d->counts, &a->key);
	*h = (struct limit_hit){ .limit = limit, .rule = rule,
	    .enhanced = "4.7.0", .section = a->key.section, .key = "all",
	    .value = got->value, .most = got->most, .free_ms = got->free_ms };
	if (a->text[0] != '\0')
		memcpy(h->key, a->text, sizeof h->key);
	return -1;
}

static int
ask_rules(struct daemon *d, int section, const struct limit_subject *who,
    struct limit_hit *h)
{
	const struct plan_section *s = &d->plan.sections[section];
	struct counts_answer got;
	struct asked a;

	for (int32_t i = s->rule; i < s->rule + s->rules; i++) {
		const struct plan_rule *r = &d->plan.rules[i];

		key_of(d, section, &r->rate, who, &a);
		if (!counts_ask(d->counts, &a.key, 1, r->rate.most,
		    counts_now(), &got))
			return refuse(d, &a, &got, "rates", r->text, h);
	}
	return 0;
}

static void
add_rules(struct daemon *d, int section, enum rate_what what, uint32_t n,
    const struct limit_subject *who)
{
	const struct plan_section *s = &d->plan.sections[section];
	struct asked a;

	for (int32_t i = s->rule; n > 0 && i < s->rule + s->rules; i++) {
		const struct rate *r = &d->plan.rules[i].rate;

		if (r->what != what)
			continue;
		key_of(d, section, r, who, &a);
		counts_add(d->counts, &a.key, n, r->most, counts_now());
	}
}

/* Where the rules of those stand whose channel is not known. */
static int
first_section(const struct daemon *d, const struct limit_subject *who)
{
	return who->listener >= 0 &&
	    d->plan.sections[PLAN_LISTENER(who->listener)].rules_set ?
	    PLAN_LISTENER(who->listener) : 0;
}

static int
ask_load(const struct daemon *d, struct limit_hit *h)
{
	if (d->plan.max_load == 0 || d->load <= d->plan.max_load * 100LL)
		return 0;
	*h = (struct limit_hit){ .limit = "max-load", .enhanced = "4.3.2",
	    .section = "", .key = "all",
	    .value = (uint32_t)((d->load + 99) / 100),
	    .most = (uint32_t)d->plan.max_load };
	return -1;
}

static int
ask_penalties(struct daemon *d, const struct limit_subject *who,
    struct limit_hit *h)
{
	struct counts_answer got;
	struct asked a;

	if (d->plan.penalty_limit == 0)
		return 0;
	penalty_key(d, who, &a);
	if (counts_ask(d->counts, &a.key, 1, (uint32_t)d->plan.penalty_limit,
	    counts_now(), &got))
		return 0;
	return refuse(d, &a, &got, "penalty-limit", NULL, h);
}

int
admission_connect(struct daemon *d, const struct limit_subject *who,
    struct limit_hit *hit_r)
{
	int section = first_section(d, who);

	if (!who->reserved && ask_load(d, hit_r) != 0)
		return -1;
	/* Whose connection it is will be said, or it is a proxy's look. */
	if (who->proxy)
		return 0;
	if ((!who->reserved && ask_penalties(d, who, hit_r) != 0) ||
	    ask_rules(d, section, who, hit_r) != 0)
		return -1;
	add_rules(d, section, RATE_CONNECTIONS, 1, who);
	return 0;
}

int
admission_channel(struct daemon *d, const struct limit_subject *who,
    struct limit_hit *hit_r)
{
	if (limits_ask_channel(&d->slots.limits, &d->plan, who, hit_r) != 0)
		return -1;
	if (who->proxy)
		return 0;
	if (ask_rules(d, PLAN_CHANNEL(who->channel), who, hit_r) != 0)
		return -1;
	add_rules(d, PLAN_CHANNEL(who->channel), RATE_CONNECTIONS, 1, who);
	return 0;
}

static void
charge(struct daemon *d, const struct limit_subject *who, enum penalty what,
    uint32_t times)
{
	uint64_t points = (uint64_t)d->plan.points[what] * times;
	struct asked a;

	if (points == 0 || d->plan.penalty_limit == 0 || who->reserved ||
	    who->proxy ||
	    (who->channel >= 0 &&
	    d->plan.sections[PLAN_CHANNEL(who->channel)].trusted))
		return;
	penalty_key(d, who, &a);
	counts_add(d->counts, &a.key, points > TOLD_MOST ? TOLD_MOST :
	    (uint32_t)points, (uint32_t)d->plan.penalty_limit, counts_now());
}

static uint32_t
believed(uint32_t n)
{
	return n < TOLD_MOST ? n : TOLD_MOST;
}

void
admission_trouble(struct daemon *d, const struct limit_subject *who,
    const struct life_report *r)
{
	int sections[2] = { first_section(d, who), who->channel >= 0 ?
	    PLAN_CHANNEL(who->channel) : -1 };

	if (who->proxy)
		return;
	for (size_t i = 0; i < ARRAY_LEN(sections) && sections[i] >= 0; i++) {
		add_rules(d, sections[i], RATE_ERRORS, believed(r->errors),
		    who);
		add_rules(d, sections[i], RATE_UNKNOWN, believed(r->unknown),
		    who);
	}
	charge(d, who, PENALTY_GARBAGE, believed(r->garbage));
	charge(d, who, PENALTY_FAILURE, believed(r->failures));
}

void
admission_crash(struct daemon *d, const struct limit_subject *who)
{
	charge(d, who, PENALTY_CRASH, 1);
}

void
admission_tick(struct daemon *d, int64_t now)
{
	struct sysinfo s;

	if (now - d->load_read < LOAD_MS || sysinfo(&s) != 0)
		return;
	d->load_read = now;
	d->load = (int64_t)(s.loads[0] * 100 >> SI_LOAD_SHIFT);
	counts_set(d->counts, COUNTS_LOAD, d->load);
}

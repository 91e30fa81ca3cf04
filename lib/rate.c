/*
 * rate - a rule of the setting rates: "connections per address 60/1m".
 *
 * The text is a person's: every refusal names the word that is wrong.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "lib/log.h"
#include "lib/rate.h"
#include "lib/text.h"

#define WORDS 4
#define MOST 1000000000
#define PERIOD_LEAST 1000
#define PERIOD_MOST (31LL * 86400 * 1000)

static const char *const whats[RATE_WHATS] = {
	[RATE_CONNECTIONS] = "connections",
	[RATE_MESSAGES] = "messages",
	[RATE_RECIPIENTS] = "recipients",
	[RATE_ERRORS] = "errors",
	[RATE_UNKNOWN] = "unknown-commands",
};

static const char *const bys[RATE_BYS] = {
	[RATE_ADDRESS] = "address",
	[RATE_PREFIX] = "prefix",
	[RATE_LOGIN] = "login",
	[RATE_CHANNEL] = "channel",
};

const char *
rate_what_text(enum rate_what what)
{
	return what < RATE_WHATS ? whats[what] : "-";
}

const char *
rate_by_text(enum rate_by by)
{
	return by < RATE_BYS ? bys[by] : "-";
}

/* Words between blanks, at most one more than there may be. */
static int
split(const char *text, char copy[RATE_TEXT], char *word_r[WORDS])
{
	int n = 0;

	if (text_copy(copy, RATE_TEXT, text) != 0)
		return -1;
	for (char *p = copy; *(p += strspn(p, " ")) != '\0'; n++) {
		if (n == WORDS)
			return -1;
		word_r[n] = p;
		p += strcspn(p, " ");
		if (*p != '\0')
			*p++ = '\0';
	}
	return n == WORDS && strcmp(word_r[1], "per") == 0 ? 0 : -1;
}

/* The word's place in the list; -1 with a reason. */
static int
find(const char *word, const char *const *known, size_t n, const char *kind,
    char *why_r, size_t size)
{
	char shown[SETTING_SHOWN];
	const char *near;

	for (size_t i = 0; i < n; i++)
		if (strcmp(word, known[i]) == 0)
			return (int)i;
	near = text_nearest(word, known, n);
	snprintf(why_r, size, "%s is nothing that can be counted%s%s%s%s",
	    setting_show(word, shown), kind, near != NULL ?
	    " (did you mean " : "", near != NULL ? near : "",
	    near != NULL ? "?)" : "");
	return -1;
}

static int
parse_bound(char *word, struct rate *r, char *why_r, size_t size)
{
	char *slash = strchr(word, '/'), shown[SETTING_SHOWN];
	int64_t n;

	setting_show(word, shown);
	if (slash != NULL)
		*slash = '\0';
	if (slash == NULL || text_number(word, 1, MOST, &n) != 0 ||
	    text_duration(slash + 1, &r->period_ms) != 0 ||
	    r->period_ms < PERIOD_LEAST || r->period_ms > PERIOD_MOST) {
		snprintf(why_r, size, "%s must be a number from 1 to %d, a "
		    "slash, and a time from 1s to 31d, such as 60/1m", shown,
		    MOST);
		return -1;
	}
	r->most = (uint32_t)n;
	return 0;
}

int
rate_parse(const char *text, struct rate *r_r, char *why_r, size_t size)
{
	char copy[RATE_TEXT], *word[WORDS], shown[SETTING_SHOWN];
	int what, by;

	*r_r = (struct rate){ 0 };
	if (split(text, copy, word) != 0) {
		snprintf(why_r, size, "%s is no rule; one is WHAT per KEY "
		    "NUMBER/TIME, such as connections per address 60/1m",
		    setting_show(text, shown));
		return -1;
	}
	what = find(word[0], whats, RATE_WHATS, "", why_r, size);
	if (what < 0)
		return -1;
	by = find(word[2], bys, RATE_BYS, " by", why_r, size);
	if (by < 0)
		return -1;
	if (by == RATE_LOGIN && what != RATE_MESSAGES &&
	    what != RATE_RECIPIENTS) {
		snprintf(why_r, size, "%s per login: only messages and "
		    "recipients have one", whats[what]);
		return -1;
	}
	r_r->what = (uint8_t)what;
	r_r->by = (uint8_t)by;
	return parse_bound(word[3], r_r, why_r, size);
}

const char *
rate_text(const struct rate *r, char dst[RATE_TEXT])
{
	char period[24];

	text_from_duration(period, sizeof(period), r->period_ms);
	snprintf(dst, RATE_TEXT, "%s per %s %" PRIu32 "/%s",
	    rate_what_text(r->what), rate_by_text(r->by), r->most, period);
	return dst;
}

void
rates_in_force(const struct conf *c, int listener, int channel,
    struct rates *r_r)
{
	const struct section *s = &c->server;
	char why[200];

	if (listener >= 0 &&
	    c->listeners[listener].from[SETTING_rates].file != NULL)
		s = &c->listeners[listener];
	if (channel >= 0 &&
	    c->channels[channel].from[SETTING_rates].file != NULL)
		s = &c->channels[channel];
	*r_r = (struct rates){ .of = s };
	for (size_t i = 0; i < s->v.rates.n; i++)
		if (rate_parse(s->v.rates.at[i], &r_r->at[r_r->n], why,
		    sizeof(why)) == 0)
			r_r->n++;
}

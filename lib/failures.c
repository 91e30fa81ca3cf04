/*
 * failures - see failures.h.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "lib/failures.h"
#include "lib/settings.h"
#include "lib/text.h"

#define PERIOD_LEAST 1000
#define PERIOD_MOST (31LL * 86400 * 1000)
#define ROOM 64

static const char *const words[FAILURES_KINDS] = {
	[FAILURES_ADDRESS] = "address",
	[FAILURES_PREFIX] = "prefix",
	[FAILURES_LOGIN] = "login",
	[FAILURES_LOGIN_PREFIX] = "login-prefix",
};

const char *
failures_text(enum failures_of of)
{
	return of < FAILURES_KINDS ? words[of] : "-";
}

static int
find(const char *word, char *why_r, size_t size)
{
	const char *near = text_nearest(word, words, FAILURES_KINDS);
	char shown[SETTING_SHOWN];

	for (int i = 0; i < FAILURES_KINDS; i++)
		if (strcmp(word, words[i]) == 0)
			return i;
	snprintf(why_r, size, "%s has no failures that are counted%s%s%s",
	    setting_show(word, shown), near != NULL ? " (did you mean " : "",
	    near != NULL ? near : "", near != NULL ? "?)" : "");
	return -1;
}

int
failures_parse(const char *text, enum failures_of *of_r,
    struct failures_limit *limit_r, char *why_r, size_t size)
{
	char copy[ROOM], shown[SETTING_SHOWN];
	char *number, *time = NULL;
	int64_t n;
	int of;

	if (text_copy(copy, sizeof(copy), text) != 0 ||
	    (number = strchr(copy, ' ')) == NULL) {
		snprintf(why_r, size, "%s is no limit; one is KEY NUMBER/TIME, "
		    "such as address 20/10m", setting_show(text, shown));
		return -1;
	}
	*number++ = '\0';
	number += strspn(number, " ");
	if ((of = find(copy, why_r, size)) < 0)
		return -1;
	if ((time = strchr(number, '/')) != NULL)
		*time++ = '\0';
	if (time == NULL || text_number(number, 1, FAILURES_MOST, &n) != 0 ||
	    text_duration(time, &limit_r->period_ms) != 0 ||
	    limit_r->period_ms < PERIOD_LEAST ||
	    limit_r->period_ms > PERIOD_MOST) {
		snprintf(why_r, size, "%s must end in a number from 1 to %d, "
		    "a slash, and a time from 1s to 31d", setting_show(text,
		    shown), FAILURES_MOST);
		return -1;
	}
	limit_r->most = (uint32_t)n;
	*of_r = (enum failures_of)of;
	return 0;
}

/*
 * penalty - an element of the setting penalty-points: "crash 50".
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include "lib/penalty.h"
#include "lib/settings.h"
#include "lib/text.h"

#define POINTS_MOST 1000000

static const char *const names[PENALTIES] = {
	[PENALTY_CRASH] = "crash",
	[PENALTY_GARBAGE] = "garbage",
	[PENALTY_FAILURE] = "failure",
};

int
penalty_parse(const char *text, enum penalty *what_r, int32_t *points_r,
    char *why_r, size_t size)
{
	char word[64], shown[SETTING_SHOWN];
	const char *near;
	char *number;
	int64_t n;

	if (text_copy(word, sizeof(word), text) != 0 ||
	    (number = strchr(word, ' ')) == NULL ||
	    text_number(number + strspn(number, " "), 0, POINTS_MOST,
	    &n) != 0) {
		snprintf(why_r, size, "%s must be a word and a number from 0 "
		    "to %d, such as crash 50", setting_show(text, shown),
		    POINTS_MOST);
		return -1;
	}
	*number = '\0';
	*points_r = (int32_t)n;
	for (int i = 0; i < PENALTIES; i++) {
		*what_r = (enum penalty)i;
		if (strcmp(word, names[i]) == 0)
			return 0;
	}
	near = text_nearest(word, names, PENALTIES);
	snprintf(why_r, size, "nothing is charged for %s%s%s%s",
	    setting_show(word, shown), near != NULL ? " (did you mean " : "",
	    near != NULL ? near : "", near != NULL ? "?)" : "");
	return -1;
}

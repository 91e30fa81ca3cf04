/*
 * spfresult - results of SPF and what is done about them; see spfresult.h.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "lib/spfresult.h"
#include "lib/text.h"

static const char *const results[SPF_RESULTS] = { "unasked", "none", "neutral",
	"pass", "fail", "softfail", "temperror", "permerror" };
static const char *const actions[] = { "mark", "refuse", "ignore" };

const char *
spf_result_text(enum spf_result r)
{
	return results[r];
}

/* The place of word; -1 with the reason. */
static int
find(const char *word, const char *const *among, size_t n, const char *kind,
    char *why_r, size_t size)
{
	const char *near;

	for (size_t i = 0; i < n; i++)
		if (strcmp(word, among[i]) == 0)
			return (int)i;
	near = text_nearest(word, among, n);
	snprintf(why_r, size, "there is no %s \"%s\"%s%s%s", kind, word,
	    near != NULL ? " (did you mean " : "", near != NULL ? near : "",
	    near != NULL ? "?)" : "");
	return -1;
}

int
spf_action_parse(const char *text, enum spf_result *r_r,
    enum spf_action *a_r, char *why_r, size_t size)
{
	char word[32];
	const char *blank = strchr(text, ' ');
	size_t len = blank != NULL ? (size_t)(blank - text) : strlen(text);
	int r, a;

	if (blank == NULL || len >= sizeof(word)) {
		snprintf(why_r, size, "\"%.40s\" is not a result and what to "
		    "do: softfail mark", text);
		return -1;
	}
	memcpy(word, text, len);
	word[len] = '\0';
	r = find(word, results + 1, SPF_RESULTS - 1, "result", why_r, size);
	if (r < 0)
		return -1;
	a = find(blank + 1, actions, ARRAY_LEN(actions), "action", why_r,
	    size);
	if (a < 0)
		return -1;
	*r_r = (enum spf_result)(r + 1);
	*a_r = (enum spf_action)a;
	if (*r_r == SPF_PASS && *a_r == SPF_REFUSE) {
		snprintf(why_r, size, "pass is never refused");
		return -1;
	}
	return 0;
}

enum spf_action
spf_action_of(const struct strings *l, enum spf_result r)
{
	enum spf_result each;
	enum spf_action a;
	char why[160];

	for (size_t i = 0; i < l->n; i++)
		if (spf_action_parse(l->at[i], &each, &a, why,
		    sizeof(why)) == 0 && each == r)
			return a;
	return SPF_MARK;
}

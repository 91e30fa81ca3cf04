/*
 * checks - the policy: one ordered table, walked by stage.
 */
#include "config.h"

#include <string.h>

#include "lib/clock.h"
#include "smtpsrvr/checks.h"

static const struct check checks[] = {
#define CHECK(stage, name, function, settings, text) \
	{ stage, #name, function, settings, text },
#include "smtpsrvr/checks.def"
#undef CHECK
};

static enum check_verdict
ask(struct session *s, const struct check *c, const struct check_subject *x,
    struct reply *r)
{
	int64_t began = s->watcher != NULL ? clock_us() : 0;
	enum check_verdict verdict = c->function(s, x, r);

	if (verdict != PASS && (r->reason[0] == '\0' ||
	    strcmp(r->reason, "-") == 0))
		reply_because(r, c->name);
	if (s->watcher != NULL)
		s->watcher->checked(s, c, verdict, r, clock_us() - began);
	return verdict;
}

enum check_verdict
checks_run(struct session *s, enum check_stage stage,
    const struct check_subject *x, struct reply *r)
{
	for (size_t i = 0; i < ARRAY_LEN(checks); i++)
		if (checks[i].stage == stage &&
		    ask(s, &checks[i], x, r) != PASS)
			return REFUSE;
	return PASS;
}

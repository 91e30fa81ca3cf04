/*
 * checks - the policy: one ordered table, walked by stage.
 */
#include "config.h"

#include <string.h>

#include "smtpsrvr/checks.h"

static const struct check checks[] = {
#define CHECK(stage, name, function, settings, text) \
	{ stage, #name, function, settings, text },
#include "smtpsrvr/checks.def"
#undef CHECK
};

enum check_verdict
checks_run(struct session *s, enum check_stage stage,
    const struct check_subject *x, struct reply *r)
{
	for (size_t i = 0; i < ARRAY_LEN(checks); i++) {
		if (checks[i].stage != stage ||
		    checks[i].function(s, x, r) == PASS)
			continue;
		if (r->reason[0] == '\0' || strcmp(r->reason, "-") == 0)
			reply_because(r, checks[i].name);
		return REFUSE;
	}
	return PASS;
}

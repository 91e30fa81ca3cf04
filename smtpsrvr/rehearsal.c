/*
 * rehearsal - see rehearsal.h.
 */
#include "config.h"

#include <string.h>

#include "smtpsrvr/checks.h"
#include "smtpsrvr/rehearsal.h"
#include "tables/rehearse.h"

bool
rehearsal_may(const char *name)
{
	struct settings one = { .rehearse = { .n = 1, .at = &name } };
	const struct check *c;

	if (strcmp(name, REHEARSE_ALL) == 0)
		return true;
	for (size_t i = 0; (c = checks_row(i)) != NULL; i++)
		if (c->weight == POLICY && rehearse_has(&one, c->name))
			return true;
	return false;
}

static int
check_section(const struct section *s, struct buf *why_r)
{
	const struct strings *names = &s->v.rehearse;
	const struct origin *at = &s->from[SETTING_rehearse];

	for (size_t i = 0; i < names->n; i++)
		if (!rehearsal_may(names->at[i])) {
			(void)!buf_addf(why_r, "%s:%d: rehearse: there is no "
			    "check \"%s\" that may be tried", at->file,
			    at->line, names->at[i]);
			return -1;
		}
	return 0;
}

int
rehearsal_check(const struct conf *c, struct buf *why_r)
{
	int bad = check_section(&c->server, why_r);

	for (int i = 0; i < c->nlisteners && bad == 0; i++)
		bad = check_section(&c->listeners[i], why_r);
	for (int i = 0; i < c->nchannels && bad == 0; i++)
		bad = check_section(&c->channels[i], why_r);
	return bad;
}

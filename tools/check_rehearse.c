/*
 * check_rehearse - checks that are tried: that there are such, and a note of
 * which are not in force.
 */
#include "config.h"

#include "smtpsrvr/rehearsal.h"
#include "tools/check.h"

static void
check_section(const struct check *k, const struct section *s)
{
	const struct strings *names = &s->v.rehearse;
	struct origin at = s->from[SETTING_rehearse];

	if (at.file == NULL)
		return;
	for (size_t i = 0; i < names->n; i++)
		if (rehearsal_may(names->at[i]))
			finding(k->f, FINDING_NOTE, at, "%s is tried and not "
			    "in force", names->at[i]);
		else
			finding(k->f, FINDING_ERROR, at, "rehearse: there is "
			    "no check \"%s\" that may be tried", names->at[i]);
}

void
check_rehearse(const struct check *k)
{
	const struct section *s;

	for (int i = 0; (s = conf_section_at(k->conf, i)) != NULL; i++)
		check_section(k, s);
}

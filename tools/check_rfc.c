/*
 * check_rfc - settings that RFC 5321 speaks against.  They are there because
 * others' servers have them; who sets one should know.
 */
#include "config.h"

#include "tools/check.h"

const char *
check_rfc_against(const struct settings *v, enum setting_id id)
{
	if (id == SETTING_helo_literal && v->helo_literal == HELO_LITERAL_OWN)
		return "own: RFC 5321 4.1.4 forbids to refuse mail because "
		    "the literal behind EHLO is not the client's address";
	if (id == SETTING_helo_resolve && v->helo_resolve == HELO_RESOLVE_MATCH)
		return "match: RFC 5321 4.1.4 forbids to refuse mail because "
		    "the name behind EHLO does not have the client's address";
	if (id == SETTING_sender_null && v->sender_null == SENDER_NULL_REFUSE)
		return "refuse: RFC 5321 4.5.5 wants mail with the null "
		    "sender to be taken: else nobody hears that their mail "
		    "was not delivered";
	return NULL;
}

static void
check_section(const struct check *k, const struct section *s)
{
	const char *scope = conf_scope_name(s->scope), *why;

	for (int id = 0; id < SETTING_COUNT; id++) {
		why = s->from[id].file == NULL ? NULL :
		    check_rfc_against(&s->v, (enum setting_id)id);
		if (why != NULL && s->title[0] != '\0')
			finding(k->f, FINDING_WARNING, s->from[id],
			    "%s \"%s\": %s = %s", scope, s->title,
			    setting_name((enum setting_id)id), why);
		else if (why != NULL)
			finding(k->f, FINDING_WARNING, s->from[id], "%s = %s",
			    setting_name((enum setting_id)id), why);
	}
}

void
check_rfc(const struct check *k)
{
	const struct section *s;

	for (int i = 0; (s = conf_section_at(k->conf, i)) != NULL; i++)
		check_section(k, s);
}

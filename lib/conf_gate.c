/*
 * conf_gate - what must be right in the settings about lists in the name
 * service, SPF, greylisting, and the fields that their results are written to.
 */
#include "config.h"

#include <string.h>
#include "lib/conf_check.h"
#include "lib/dnslist.h"
#include "lib/path.h"
#include "lib/spfresult.h"
#include "lib/text.h"

static void
check_dnslists(const struct section *s, struct conf_wrong *w)
{
	const struct strings *l = &s->v.dnslists;
	struct dnslist one;
	char why[300];

	for (size_t i = 0; i < l->n; i++)
		if (dnslist_parse(l->at[i], &one, why, sizeof(why)) != 0)
			conf_wrong(w, s->from[SETTING_dnslists],
			    "dnslists: %s", why);
}

static void
check_actions(const struct section *s, enum setting_id id,
    const struct strings *l, struct conf_wrong *w)
{
	bool seen[SPF_RESULTS] = { false };
	enum spf_result r;
	enum spf_action a;
	char why[300];

	for (size_t i = 0; i < l->n; i++) {
		if (spf_action_parse(l->at[i], &r, &a, why,
		    sizeof(why)) != 0)
			conf_wrong(w, s->from[id], "%s: %s", setting_name(id),
			    why);
		else if (seen[r])
			conf_wrong(w, s->from[id], "%s: %s is there twice",
			    setting_name(id), spf_result_text(r));
		else
			seen[r] = true;
	}
}

static void
check_words(const struct section *s, enum setting_id id,
    const struct strings *l, const char *const words[], size_t n,
    struct conf_wrong *w)
{
	char shown[SETTING_SHOWN];

	for (size_t i = 0; i < l->n; i++) {
		const char *near = text_nearest(l->at[i], words, n);
		size_t j = 0;

		while (j < n && strcmp(l->at[i], words[j]) != 0)
			j++;
		if (j < n)
			continue;
		conf_wrong(w, s->from[id], "%s: there is nothing called "
		    "%s%s%s%s", setting_name(id), setting_show(l->at[i],
		    shown), near != NULL ? " (did you mean " : "",
		    near != NULL ? near : "", near != NULL ? "?)" : "");
	}
}

bool
conf_greylists(const struct conf *c, bool *rows_r)
{
	const struct section *s;
	bool any = false;

	*rows_r = false;
	for (int i = 0; (s = conf_section_at(c, i)) != NULL; i++) {
		any |= s->v.greylist == GREYLIST_ON ||
		    s->v.dnslist_greylist > 0;
		*rows_r |= s->v.host_settings[0] != '\0';
	}
	return any;
}

void
conf_check_gate(const struct section *s, struct conf_wrong *w)
{
	static const char *const spared[] = { "spf", "dnslists" };
	static const char *const fields[] = { "authentication-results",
	    "received-spf" };
	const struct settings *v = &s->v;
	char shown[SETTING_SHOWN];

	if (s->from[SETTING_greylist_spare].file != NULL)
		check_words(s, SETTING_greylist_spare, &v->greylist_spare,
		    spared, ARRAY_LEN(spared), w);
	if (s->from[SETTING_dnslists].file != NULL)
		check_dnslists(s, w);
	if (s->from[SETTING_spf_actions].file != NULL)
		check_actions(s, SETTING_spf_actions, &v->spf_actions, w);
	if (s->from[SETTING_spf_helo_actions].file != NULL)
		check_actions(s, SETTING_spf_helo_actions,
		    &v->spf_helo_actions, w);
	if (s->from[SETTING_results].file != NULL)
		check_words(s, SETTING_results, &v->results, fields,
		    ARRAY_LEN(fields), w);
	if (s->from[SETTING_authserv_id].file != NULL &&
	    v->authserv_id[0] != '\0' &&
	    !path_is_domain(v->authserv_id, strlen(v->authserv_id)))
		conf_wrong(w, s->from[SETTING_authserv_id], "authserv-id: %s "
		    "is not a domain name", setting_show(v->authserv_id,
		    shown));
}

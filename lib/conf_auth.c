/*
 * conf_auth - what must be right in the settings of AUTH.
 */
#include "config.h"

#include <string.h>

#include "lib/conf_check.h"
#include "lib/failures.h"
#include "lib/mechanism.h"
#include "lib/path.h"
#include "lib/text.h"

static void
check_failures(const struct section *s, struct conf_wrong *w)
{
	const struct strings *l = &s->v.auth_failures;
	struct origin o = s->from[SETTING_auth_failures];
	bool seen[FAILURES_KINDS] = { false };
	struct failures_limit limit;
	enum failures_of of;
	char why[200];

	for (size_t i = 0; i < l->n; i++) {
		if (failures_parse(l->at[i], &of, &limit, why,
		    sizeof(why)) != 0) {
			conf_wrong(w, o, "auth-failures: %s", why);
			continue;
		}
		if (seen[of])
			conf_wrong(w, o, "auth-failures: a second limit of "
			    "the same key: %s", l->at[i]);
		seen[of] = true;
	}
}

void
conf_check_mechanisms(const struct section *s, struct conf_wrong *w)
{
	const struct strings *l = &s->v.auth_mechanisms;
	struct origin o = s->from[SETTING_auth_mechanisms];
	bool seen[MECHANISMS] = { false };
	char shown[SETTING_SHOWN];

	for (size_t i = 0; i < l->n && o.file != NULL; i++) {
		const char *near = mechanism_nearest(l->at[i]);
		int m = mechanism_find(l->at[i]);

		if (m < 0)
			conf_wrong(w, o, "auth-mechanisms: there is no "
			    "%s%s%s%s", setting_show(l->at[i], shown),
			    near != NULL ? " (did you mean " : "",
			    near != NULL ? near : "",
			    near != NULL ? "?)" : "");
		else if (seen[m])
			conf_wrong(w, o, "auth-mechanisms: %s is there twice",
			    setting_show(l->at[i], shown));
		if (m >= 0)
			seen[m] = true;
	}
}

/* Who offers it must have somebody to ask. */
static void
check_wanted(const struct conf *c, const struct section *s,
    struct conf_wrong *w)
{
	const struct settings *v = &c->server.v;
	struct origin o = s->from[SETTING_auth];

	if (o.file != NULL && s->v.auth != AUTH_OFF &&
	    v->auth_backends.n == 0 && v->auth_certificates[0] == '\0')
		conf_wrong(w, o, "auth: without auth-backends nobody can log "
		    "in");
	o = s->from[SETTING_auth_mechanisms];
	for (size_t i = 0; i < s->v.auth_mechanisms.n && o.file != NULL &&
	    v->auth_certificates[0] == '\0'; i++)
		if (mechanism_find(s->v.auth_mechanisms.at[i]) ==
		    MECHANISM_EXTERNAL)
			conf_wrong(w, o, "auth-mechanisms: EXTERNAL, but no "
			    "auth-certificates");
}

static void
check_held_notice(const struct section *s, struct conf_wrong *w)
{
	struct mailbox m;
	char shown[SETTING_SHOWN];

	if (s->v.held_notice[0] != '\0' &&
	    path_parse_bare(s->v.held_notice, &m) != PATH_OK)
		conf_wrong(w, s->from[SETTING_held_notice], "held-notice: %s "
		    "is no address, such as postmaster@example.org",
		    setting_show(s->v.held_notice, shown));
}

void
conf_check_auth(const struct conf *c, struct conf_wrong *w)
{
	const struct section *s;

	check_failures(&c->server, w);
	check_held_notice(&c->server, w);
	for (int i = 0; (s = conf_section_at(c, i)) != NULL; i++)
		check_wanted(c, s, w);
}

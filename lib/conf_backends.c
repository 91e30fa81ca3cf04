/*
 * conf_backends - what must be right in the settings of who knows passwords.
 */
#include "config.h"

#include <string.h>
#include "lib/conf_check.h"
#include "lib/text.h"

#ifdef HAVE_PAM
#define PAM true
#else
#define PAM false
#endif
#ifdef HAVE_LDAP
#define LDAP true
#else
#define LDAP false
#endif

/* What each needs; SETTING_COUNT: nothing that has no default. */
static const struct {
	const char *name;
	bool built;
	const char *how;	/* to build it */
	enum setting_id needs;
} backends[] = {
	{ "file", true, "", SETTING_auth_file },
	{ "pam", PAM, "--with-pam", SETTING_COUNT },
	{ "ldap", LDAP, "--with-ldap", SETTING_auth_ldap_uri },
	{ "checkpassword", true, "", SETTING_auth_checkpassword },
	{ "pipe", true, "", SETTING_auth_pipe },
	{ "qmail-ldap", true, "", SETTING_auth_qmail_ldap },
	{ "dovecot", true, "", SETTING_auth_dovecot },
	{ "saslauthd", true, "", SETTING_auth_saslauthd },
};

static struct origin
at(const struct section *s, enum setting_id id)
{
	return s->from[id].file != NULL ? s->from[id] : s->where;
}

/* The first word of what a back end needs is a file's name, but for ldap's. */
static void
check_needs(const struct section *s, enum setting_id id,
    struct conf_wrong *w)
{
	struct strings v = setting_strings(&s->v, id);
	char shown[SETTING_SHOWN];

	if (v.n == 0 || v.at[0][0] == '\0')
		conf_wrong(w, at(s, SETTING_auth_backends), "auth-backends: it "
		    "needs %s", setting_name(id));
	else if (id != SETTING_auth_ldap_uri && v.at[0][0] != '/')
		conf_wrong(w, at(s, id), "%s must be an absolute name of a "
		    "file, not %s", setting_name(id),
		    setting_show(v.at[0], shown));
}

static void
check_one(const struct section *s, const char *name, struct conf_wrong *w)
{
	struct origin o = at(s, SETTING_auth_backends);
	const char *names[ARRAY_LEN(backends)], *near;
	char shown[SETTING_SHOWN];

	for (size_t k = 0; k < ARRAY_LEN(backends); k++) {
		names[k] = backends[k].name;
		if (strcmp(name, names[k]) != 0)
			continue;
		if (!backends[k].built)
			conf_wrong(w, o, "auth-backends: %s was not built; "
			    "configure %s", name, backends[k].how);
		if (backends[k].needs != SETTING_COUNT)
			check_needs(s, backends[k].needs, w);
		return;
	}
	near = text_nearest(name, names, ARRAY_LEN(names));
	conf_wrong(w, o, "auth-backends: there is no %s%s%s%s",
	    setting_show(name, shown), near != NULL ? " (did you mean " : "",
	    near != NULL ? near : "", near != NULL ? "?)" : "");
}

/* Only %u, %n, %d and %%. */
static void
check_pattern(const struct section *s, enum setting_id id,
    const char *pattern, struct conf_wrong *w)
{
	char shown[SETTING_SHOWN];

	for (const char *p = pattern; *p != '\0'; p++) {
		if (*p != '%')
			continue;
		if (p[1] == '\0' || strchr("und%", p[1]) == NULL) {
			conf_wrong(w, at(s, id), "%s: behind %% must be u, n, "
			    "d or %%, not as in %s", setting_name(id),
			    setting_show(pattern, shown));
			return;
		}
		p++;
	}
}

static void
check_ldap(const struct section *s, struct conf_wrong *w)
{
	const struct settings *v = &s->v;

	check_pattern(s, SETTING_auth_ldap_dn, v->auth_ldap_dn, w);
	check_pattern(s, SETTING_auth_ldap_filter, v->auth_ldap_filter, w);
	if (v->auth_ldap_bind_dn[0] != '\0' &&
	    v->auth_ldap_password_file[0] != '/')
		conf_wrong(w, at(s, SETTING_auth_ldap_bind_dn),
		    "auth-ldap-bind-dn needs auth-ldap-password-file, an "
		    "absolute name");
}

void
conf_check_backends(const struct section *s, struct conf_wrong *w)
{
	const struct strings *l = &s->v.auth_backends;
	char shown[SETTING_SHOWN];

	for (size_t i = 0; i < l->n; i++) {
		check_one(s, l->at[i], w);
		for (size_t k = 0; k < i; k++)
			if (strcmp(l->at[k], l->at[i]) == 0)
				conf_wrong(w, at(s, SETTING_auth_backends),
				    "auth-backends: %s is there twice",
				    setting_show(l->at[i], shown));
	}
	check_ldap(s, w);
}

/*
 * check_wrap - hosts.allow and hosts.deny: that lookup can read them, and
 * that their rules about us can be followed.
 */
#include "config.h"

#include <string.h>
#include <unistd.h>
#include "tables/wraprules.h"
#include "tools/asuser.h"
#include "tools/check.h"

/* One file under way. */
struct wrapfile {
	const struct check *k;
	const char *path;
	int rules, ours;
};

/* Does any session ask under that name? */
static bool
ours(const struct conf *c, const struct wraprule *r)
{
	struct settings v;

	for (int l = -1; l < c->nlisteners; l++) {
		for (int h = 0; h < c->nchannels; h++) {
			conf_effective(c, l, h, &v);
			if (v.libwrap != LIBWRAP_OFF &&
			    (wraprules_about(r, v.libwrap_daemon) ||
			    wraprules_about(r, c->channels[h].title)))
				return true;
		}
	}
	return false;
}

static bool
wanted(const struct conf *c)
{
	static const struct wraprule any = { .daemons = "ALL" };

	return ours(c, &any);
}

static int
check_rule(void *arg, const struct wraprule *r)
{
	struct wrapfile *w = arg;
	struct origin at = { w->path, r->line };
	enum wraprule_verdict v;
	struct buf why;

	w->rules++;
	if (!ours(w->k->conf, r))
		return 0;
	w->ours++;
	buf_init(&why, 1024);
	v = wraprules_judge(r, &why);
	if (v == WRAPRULE_USELESS)
		finding(w->k->f, FINDING_ERROR, at, "%s: with this rule every "
		    "host hears 421", buf_str(&why));
	else if (v == WRAPRULE_NOT_DONE)
		finding(w->k->f, FINDING_ERROR, at, "%s: the rule allows or "
		    "denies, and does nothing else", buf_str(&why));
	buf_free(&why);
	return 0;
}

static void
check_file(const struct check *k, const char *path, enum setting_id id)
{
	struct origin at = k->conf->server.from[id];
	struct wrapfile w = { .k = k, .path = path };
	struct buf why;
	int error;

	if (access(path, F_OK) != 0) {
		finding(k->f, FINDING_OK, at, "%s: %s is not there: no rule",
		    setting_name(id), path);
		return;
	}
	error = asuser_access(&k->plan->users[PLAN_LOOKUP], path, R_OK);
	if (error != 0) {
		finding(k->f, FINDING_ERROR, at, "%s: lookup (user %u) cannot "
		    "read %s: %s; every host hears 421; try: chmod a+r %s",
		    setting_name(id),
		    (unsigned)k->plan->users[PLAN_LOOKUP].uid, path,
		    strerror(error), path);
		return;
	}
	buf_init(&why, 1024);
	if (wraprules_walk(path, check_rule, &w, &why) == -1)
		finding(k->f, FINDING_ERROR, at, "%s: %s", setting_name(id),
		    buf_str(&why));
	else
		finding(k->f, FINDING_OK, at, "%s: %s, %d rule%s, %d about us",
		    setting_name(id), path, w.rules, w.rules == 1 ? "" : "s",
		    w.ours);
	buf_free(&why);
}

void
check_wrap(const struct check *k)
{
	const struct settings *v = &k->conf->server.v;

	if (!wanted(k->conf))
		return;
#ifdef HAVE_LIBWRAP
	check_file(k, v->hosts_allow, SETTING_hosts_allow);
	check_file(k, v->hosts_deny, SETTING_hosts_deny);
#else
	(void)check_file;
	if (wraprules_any(v->hosts_allow) || wraprules_any(v->hosts_deny))
		finding(k->f, FINDING_WARNING, FINDING_NOWHERE, "%s or %s has "
		    "rules, but this Inlet was built without libwrap: nobody "
		    "asks them", v->hosts_allow, v->hosts_deny);
#endif
}

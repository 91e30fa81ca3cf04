/*
 * check_wrap - hosts.allow and hosts.deny: that lookup can read them, and
 * that their rules about us can be followed.
 */
#include "config.h"

#include <string.h>
#include <unistd.h>
#include "tables/source.h"
#include "tables/wraprules.h"
#include "tools/asuser.h"
#include "tools/check.h"

/* One file under way. */
struct wrapfile {
	const struct check *k;
	const char *path;
	bool allow;		/* it is hosts.allow */
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

/* Do hosts that no table holds come to it? */
static bool
for_strangers(const struct conf *c, const struct wraprule *r)
{
	struct source_list list;
	struct settings v;
	struct buf why;
	bool found = false;

	buf_init(&why, 1024);
	for (int l = 0; l < c->nlisteners && !found; l++) {
		if (source_channels(c, l, "", &list, &why) != 0)
			continue;
		conf_effective(c, l, source_last(&list), &v);
		found = !v.finicky && v.libwrap != LIBWRAP_OFF &&
		    (wraprules_about(r, v.libwrap_daemon) || wraprules_about(r,
		    c->channels[source_last(&list)].title));
	}
	buf_free(&why);
	return found;
}

/* Whatever a rule above it may have said to some of them. */
static bool
relays_for_all(const struct wrapfile *w, const struct wraprule *r)
{
	bool allows = w->allow ? !wraprules_option(r, "deny", NULL) :
	    wraprules_option(r, "allow", NULL);

	return allows && wraprules_option(r, "setenv", "RELAYCLIENT") &&
	    wraprules_everybody(r) && for_strangers(w->k->conf, r);
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
	if (v != WRAPRULE_USELESS && relays_for_all(w, r))
		finding(w->k->f, FINDING_ERROR, at, "OPEN RELAY: setenv "
		    "RELAYCLIENT for all hosts lets everybody send anywhere");
	return 0;
}

static void
check_file(const struct check *k, const char *path, enum setting_id id)
{
	struct origin at = k->conf->server.from[id];
	struct wrapfile w = { .k = k, .path = path,
	    .allow = id == SETTING_hosts_allow };
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

/* What the rules say to one name, whoever the client is. */
struct byname {
	const char *name;
	bool all;	/* only rules for all clients count */
	int line;	/* of the first rule about it; 0: none */
};

static int
look_for_name(void *arg, const struct wraprule *r)
{
	struct byname *b = arg;

	if (!wraprules_about(r, b->name) || (b->all && (r->clients == NULL ||
	    r->options[0] != '\0' || !wraprules_everybody(r))))
		return 0;
	b->line = r->line;
	return 1;
}

/*
 * "ALL: ALL" denied, and smtpd allowed: with other programs that is enough,
 * but here a channel has its own name, and nobody could come in as it.
 */
static void
check_name(const struct check *k, const char *name, const char *what)
{
	const struct settings *v = &k->conf->server.v;
	struct byname denied = { .name = name, .all = true };
	struct byname allowed = { .name = name };
	struct buf why;

	buf_init(&why, 1024);
	if (wraprules_walk(v->hosts_deny, look_for_name, &denied, &why) == 0 &&
	    wraprules_walk(v->hosts_allow, look_for_name, &allowed,
	    &why) == 0 && denied.line != 0 && allowed.line == 0)
		finding(k->f, FINDING_WARNING,
		    (struct origin){ v->hosts_deny, denied.line }, "all hosts "
		    "are denied for %s \"%s\", and %s has no rule that names "
		    "it", what, name, v->hosts_allow);
	buf_free(&why);
}

static void
check_names(const struct check *k)
{
	const struct conf *c = k->conf;
	struct settings v;

	check_name(k, c->server.v.libwrap_daemon, "the daemon");
	for (int i = 0; i < c->nchannels; i++) {
		conf_effective(c, -1, i, &v);
		if (v.libwrap != LIBWRAP_OFF)
			check_name(k, c->channels[i].title, "the channel");
	}
}

void
check_wrap(const struct check *k)
{
	const struct settings *v = &k->conf->server.v;

	if (!wanted(k->conf))
		return;
	if (wraprules_heeded()) {
		check_file(k, v->hosts_allow, SETTING_hosts_allow);
		check_file(k, v->hosts_deny, SETTING_hosts_deny);
		check_names(k);
	} else if (wraprules_any(v->hosts_allow) ||
	    wraprules_any(v->hosts_deny)) {
		finding(k->f, FINDING_WARNING, FINDING_NOWHERE, "%s or %s has "
		    "rules, but this Inlet was built without libwrap: nobody "
		    "asks them", v->hosts_allow, v->hosts_deny);
	}
}

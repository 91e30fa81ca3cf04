/*
 * check_settings - what only this client has: its row in host-settings, and
 * what rules of libwrap set for it.
 */
#include "config.h"

#include "smtpsrvr/checks.h"

static void
log_settings(struct session *s, const char *why)
{
	struct logline l;

	log_begin(&l, LEVEL_ERROR, "settings");
	session_log(s, &l, "CONNECT");
	if (s->name[0] != '\0')
		log_text(&l, "name", s->name);
	log_text(&l, "wrong", why);
	log_end(&l);
}

enum check_verdict
checks_settle(struct session *s, const struct variables *rules,
    struct reply *r)
{
	const struct server *v = s->server;
	struct forhost_client c = {
		.listener = s->who.listener,
		.channel = s->source.channel,
		.table = s->set->host_settings,
		.peer = &s->who.peer,
		.name = s->name,
		.unnamed = s->source.unnamed,
		.environment = &v->conf->variables,
	};
	char why[LAYERED_WHY] = "";
	int bad;

	if (rules != NULL)
		bad = forhost_rules(&v->site, &c, rules, &s->own, r, why);
	else
		bad = forhost_find(&v->site, &c, &s->own, r, why);
	if (bad != 0) {
		log_settings(s, why);
		return REFUSE;
	}
	if (s->own != NULL)
		session_settle(s);
	return PASS;
}

enum check_verdict
check_settings(struct session *s, const struct check_subject *x,
    struct reply *r)
{
	(void)x;
	if (s->set->host_settings[0] == '\0')
		return PASS;
	return checks_settle(s, NULL, r);
}

/*
 * cmd_check - inlet check: looks for mistakes, changes nothing.
 *
 * Exits 78 if there is an error; warnings alone are 0.
 */
#include "config.h"

#include <stdio.h>
#include <sysexits.h>
#include "tables/resolver.h"
#include "tools/check.h"
#include "tools/command.h"

#define WHY_MOST (256 * 1024)

static void (*const checks[])(const struct check *k) = {
	check_users, check_places, check_programs, check_tables,
	check_channels, check_rfc, check_rehearse, check_gate, check_proxies,
	check_wrap,
	check_certificates, check_outward, check_passwords, check_machine,
};

/* For a relay it is the worst that every domain exists. */
static enum tb_answer
everything(struct resolver *r, const char *name)
{
	(void)r, (void)name;
	return TB_FOUND;
}

/* The self-test needs all tables at once, as a session has them. */
static void
check_site(struct check *k)
{
	struct resolver all = { everything };
	struct site site;
	struct buf why;

	buf_init(&why, WHY_MOST);
	if (site_open(&site, k->conf, &why) == 0) {
		site_resolve(&site, &all);
		k->site = &site;
		check_authorise(k);
		check_hosts(k);
		check_reach(k);
		check_relay(k);
		k->site = NULL;
		site_close(&site);
	} else {
		finding(k->f, FINDING_ERROR, FINDING_NOWHERE, "the open-relay "
		    "self-test needs all tables; it was not done");
	}
	buf_free(&why);
}

int
cmd_check(const struct request *r)
{
	struct findings f = { .f = stdout };
	struct configured c;
	struct check k = { .programs = r->tailor.programs, .f = &f };
	int code = configured_open(&c, &r->tailor);

	if (code != EX_OK) {
		finding(&f, FINDING_ERROR, FINDING_NOWHERE,
		    "the configuration cannot be used; see above");
		finding_total(&f);
		return code;
	}
	k.conf = c.conf;
	k.plan = &c.plan;
	finding(&f, FINDING_OK, FINDING_NOWHERE, "configuration %s: %d "
	    "listeners, %d channels, %d tables", c.conf->path[0] != '\0' ?
	    c.conf->path : "built in", c.conf->nlisteners,
	    c.conf->nchannels, c.conf->ntables);
	for (size_t i = 0; i < ARRAY_LEN(checks); i++)
		checks[i](&k);
	check_site(&k);
	finding_total(&f);
	configured_close(&c);
	return f.count[FINDING_ERROR] > 0 ? EX_CONFIG : EX_OK;
}

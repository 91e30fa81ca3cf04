/*
 * check_proxies - who may name a client as its own: never half the world.
 *
 * Whoever may chooses his address, and with it channel, relaying and limits.
 */
#include "config.h"

#include "lib/networks.h"
#include "tools/check.h"

#define LEAST_IPV4 8		/* bits: no network of anybody's is larger */
#define LEAST_IPV6 16

static void
check_list(const struct check *k, const struct section *s, enum setting_id id)
{
	const struct strings l = setting_strings(&s->v, id);
	char shown[SETTING_SHOWN];
	struct netaddr a;
	int bits;

	for (size_t i = 0; s->from[id].file != NULL && i < l.n; i++) {
		if (networks_parse(l.at[i], &a, &bits) != 0 ||
		    bits >= (a.family == 6 ? LEAST_IPV6 : LEAST_IPV4))
			continue;
		finding(k->f, FINDING_ERROR, s->from[id], "%s: who is in %s "
		    "may say that he is anybody: hosts that may relay, too",
		    setting_name(id), setting_show(l.at[i], shown));
	}
}

static void
check_section(const struct check *k, const struct section *s)
{
	check_list(k, s, SETTING_proxies);
	check_list(k, s, SETTING_xclient);
}

void
check_proxies(const struct check *k)
{
	check_section(k, &k->conf->server);
	for (int i = 0; i < k->conf->nlisteners; i++)
		check_section(k, &k->conf->listeners[i]);
}

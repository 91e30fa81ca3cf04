/*
 * check_hosts - every row of the tables that host-settings names: what it
 * says can be meant, and does not let half of the Internet relay; and the
 * environment.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lib/layered.h"
#include "lib/xalloc.h"
#include "smtpsrvr/offer.h"
#include "tools/check.h"
#include "tools/hit.h"

/* Prefixes that are shorter hold more than any one network has. */
enum { NETWORK4 = 8, NETWORK6 = 16 };

struct walk {
	const struct check *k;
	const struct section *table;
	const struct tb *t;
	struct layered *l;
	int rows, bad;
};

static bool
holds_strangers(const char *key)
{
	struct netaddr a;
	int bits;

	return net_parse_prefix(key, &a, &bits) == 0 &&
	    bits < (a.family == 4 ? NETWORK4 : NETWORK6);
}

/* What one by one is good, but not as what a client sees or is offered. */
static bool
seen_good(struct walk *w, struct origin at)
{
	struct section *s = xcalloc(1, sizeof(*s));
	struct buf text;
	struct conf_wrong wrong = { .text = &text };

	buf_init(&text, 64 * 1024);
	layered_section(w->l, at, s);
	conf_check_seen(s, &s->v, &wrong);
	offer_check_section(s, &wrong);
	if (wrong.n > 0)
		finding_lines(w->k->f, FINDING_ERROR, buf_str(&text));
	buf_free(&text);
	free(s);
	return wrong.n == 0;
}

static void
warn(struct walk *w, struct origin at, const char *name)
{
	char shown[SETTING_SHOWN];
	const char *why;

	for (int id = 0; id < SETTING_COUNT; id++) {
		why = w->l->by[id] != LAYER_HOST ? NULL :
		    check_rfc_against(&w->l->v, (enum setting_id)id);
		if (why != NULL)
			finding(w->k->f, FINDING_WARNING, at, "table \"%s\" "
			    "(host-settings), %s: %s = %s", w->table->title,
			    setting_show(name, shown),
			    setting_name((enum setting_id)id), why);
	}
}

static int
check_row(void *arg, const char *key, size_t klen, const char *value,
    size_t vlen, int line)
{
	struct walk *w = arg;
	struct origin at = hit_place(w->t, w->table, line);
	char *row = xmemdup0(value, vlen), *name = xmemdup0(key, klen);
	char why[LAYERED_WHY], shown[SETTING_SHOWN];

	w->rows++;
	if (name[0] == '!') {
		;	/* it has no value */
	} else if (layered_make(w->l, w->k->conf, -1, -1, row, NULL, NULL,
	    why) != 0) {
		w->bad++;
		finding(w->k->f, FINDING_ERROR, at, "table \"%s\" "
		    "(host-settings), %s: %s", w->table->title,
		    setting_show(name, shown), why);
	} else if (w->l->v.relay && w->l->by[SETTING_relay] == LAYER_HOST &&
	    holds_strangers(name)) {
		w->bad++;
		finding(w->k->f, FINDING_ERROR, at, "OPEN RELAY: table \"%s\" "
		    "(host-settings), %s: relay=yes is for strangers, too",
		    w->table->title, setting_show(name, shown));
	} else {
		if (!seen_good(w, at))
			w->bad++;
		warn(w, at, name);
	}
	free(row);
	free(name);
	return 0;
}

/* Once, whoever names it. */
static void
check_table(const struct check *k, const char *name, bool *done)
{
	struct walk w = { .k = k };
	int i = name[0] == '\0' ? -1 : conf_table(k->conf, name);

	if (i < 0 || done[i])
		return;
	done[i] = true;
	w.table = &k->conf->tables[i];
	w.t = k->site->tables[i];
	w.l = xcalloc(1, sizeof(*w.l));
	(void)tb_walk(k->site->tables[i], check_row, &w);
	if (w.bad == 0)
		finding(k->f, FINDING_OK, w.table->where, "table \"%s\": "
		    "settings of %d host%s", name, w.rows,
		    w.rows == 1 ? "" : "s");
	free(w.l);
}

static void
check_environment(const struct check *k)
{
	const char *name, *value;
	size_t len;

	for (int i = 0; i < SETTING_COUNT; i++) {
		name = layered_variable(&k->conf->variables,
		    (enum setting_id)i, &len, &value);
		if (name == NULL)
			continue;
		if (i == SETTING_relay)
			finding(k->f, FINDING_ERROR, FINDING_NOWHERE, "OPEN "
			    "RELAY: the environment has %.*s: a server that is "
			    "started with it lets everybody send anywhere",
			    (int)len, name);
		else
			finding(k->f, FINDING_NOTE, FINDING_NOWHERE, "the "
			    "environment has %.*s=%s: it is over %s of every "
			    "listener, channel and host", (int)len, name,
			    value, setting_name((enum setting_id)i));
	}
}

void
check_hosts(const struct check *k)
{
	bool *done = xcalloc((size_t)k->conf->ntables, sizeof(*done));
	const struct section *s;

	for (int i = 0; (s = conf_section_at(k->conf, i)) != NULL; i++)
		check_table(k, s->v.host_settings, done);
	free(done);
	check_environment(k);
}

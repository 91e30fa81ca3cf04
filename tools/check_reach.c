/*
 * check_reach - a finicky list of channels with tables of kind nameserver, in
 * which the local host is not (RFC 974): can the machine reach its own server?
 */
#include "config.h"

#include "tables/source.h"
#include "tools/check.h"

#define WHY_MOST 4096

static bool
holds(struct tb *t, const char *name)
{
	struct netaddr a;

	return (net_parse(name, &a) == 0 ?
	    tb_find_address(t, &a, NULL, NULL) :
	    tb_find_name(t, name, NULL, NULL)) == TB_FOUND;
}

/* By its name, another one, an address, or as one that asks itself. */
static bool
holds_us(struct tb *t, const struct settings *v, const struct section *s)
{
	bool found = holds(t, v->hostname) || holds(t, "127.0.0.1") ||
	    holds(t, "::1");

	for (size_t i = 0; i < v->local_names.n && !found; i++)
		found = holds(t, v->local_names.at[i]);
	for (size_t i = 0; i < s->v.address.n && !found; i++)
		found = holds(t, s->v.address.at[i]);
	return found;
}

/* Which of the list's tables asks the name service; null: none, or the local
 * host is in another one. */
static const char *
without_us(const struct check *k, const struct source_list *list,
    const struct settings *v, const struct section *listener)
{
	const char *asks = NULL;

	for (int i = 0; i < list->n; i++) {
		const struct section *c = &k->conf->channels[list->channel[i]];
		struct tb *t = k->site->channels[list->channel[i]].hosts;
		int table = conf_table(k->conf, c->v.table);

		if (t == NULL || table < 0)
			continue;
		if (k->conf->tables[table].v.type == TABLE_NAMESERVER)
			asks = c->v.table;
		else if (holds_us(t, v, listener))
			return NULL;
	}
	return asks;
}

void
check_reach(const struct check *k)
{
	struct source_list list;
	struct settings v;
	const char *asks;
	struct buf why;

	buf_init(&why, WHY_MOST);
	for (int i = 0; i < k->conf->nlisteners; i++) {
		const struct section *s = &k->conf->listeners[i];

		/* What is wrong with a list, check_channels has said. */
		if (source_channels(k->conf, i, "", &list, &why) != 0 ||
		    list.n == 0)
			continue;
		conf_effective(k->conf, i, source_last(&list), &v);
		asks = v.finicky ? without_us(k, &list, &v, s) : NULL;
		if (asks != NULL)
			finding(k->f, FINDING_WARNING, s->where, "listener "
			    "\"%s\": it is finicky, and none of its tables "
			    "holds this machine: table \"%s\" (nameserver) "
			    "never does; mail from the machine itself is "
			    "refused, unless the list has a channel like "
			    "local whose table does", s->title, asks);
	}
	buf_free(&why);
}

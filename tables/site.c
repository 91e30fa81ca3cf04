/*
 * site - the configuration with its tables open; see site.h.
 */
#include "config.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/authmode.h"
#include "lib/xalloc.h"
#include "tables/site.h"
#include "tables/tbrow.h"

/*
 * Opens the table once, whoever names it; tried tells which were.  -1 if it
 * is not open.
 */
static int
open_named(struct site *s, const char *name, bool *tried, struct tb **table_r,
    struct buf *why_r)
{
	int i;

	*table_r = NULL;
	if (name[0] == '\0')
		return 0;
	i = conf_table(s->conf, name);
	if (i == -1) {
		tb_why(why_r, "%sno table is called \"%s\"",
		    why_r->len > 0 ? "\n" : "", name);
		return -1;
	}
	if (!tried[i]) {
		tried[i] = true;
		if (why_r->len > 0)
			tb_why(why_r, "\n");
		s->tables[i] = tb_open(s->conf, &s->conf->tables[i], why_r);
	}
	*table_r = s->tables[i];
	return *table_r == NULL ? -1 : 0;
}

static int
open_channel(struct site *s, const struct settings *v, bool *tried,
    struct site_channel *ch, struct buf *why_r)
{
	const struct {
		const char *name;
		struct tb **table_r;
	} named[] = {
		{ v->table, &ch->hosts }, { v->mailboxes, &ch->mailboxes },
		{ v->aliases, &ch->aliases }, { v->insrc, &ch->insrc },
		{ v->indest, &ch->indest }, { v->outsrc, &ch->outsrc },
		{ v->outdest, &ch->outdest },
		{ v->authorise_table, &ch->users },
	};
	int rc = 0;

	for (size_t i = 0; i < ARRAY_LEN(named); i++)
		if (open_named(s, named[i].name, tried, named[i].table_r,
		    why_r) == -1)
			rc = -1;
	return rc;
}

/* Those that are only looked up by name: site_table(). */
static int
open_lists(struct site *s, const struct settings *v, bool *tried,
    struct buf *why_r)
{
	const char *const names[] = { v->helo_refuse, v->sender_refuse,
		v->recipient_refuse, v->etrn, v->sender_logins,
		v->tls_clients, v->auth_certificates };
	struct tb *t;
	int rc = 0;

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (open_named(s, names[i], tried, &t, why_r) == -1)
			rc = -1;
	if (open_named(s, v->host_settings, tried, &t, why_r) == -1)
		rc = -1;
	else if (t != NULL && (tb_holds(t) & TB_NAMES) != 0)
		s->named = true;
	return rc;
}

int
site_open(struct site *s, const struct conf *c, struct buf *why_r)
{
	bool *tried = xcalloc((size_t)c->ntables, sizeof(*tried));
	int i, rc;

	s->conf = c;
	s->watcher = NULL;
	s->authorises = s->by_host = s->named = false;
	s->ntables = c->ntables;
	s->tables = xcalloc((size_t)c->ntables, sizeof(struct tb *));
	s->channels = xcalloc((size_t)c->nchannels, sizeof(*s->channels));
	rc = open_lists(s, &c->server.v, tried, why_r);
	for (i = 0; i < c->nlisteners; i++)
		if (open_lists(s, &c->listeners[i].v, tried, why_r) == -1)
			rc = -1;
	for (i = 0; i < c->nchannels; i++) {
		const struct settings *v = &c->channels[i].v;
		struct site_channel *ch = &s->channels[i];

		if (open_channel(s, v, tried, ch, why_r) == -1 ||
		    open_lists(s, v, tried, why_r) == -1)
			rc = -1;
		ch->auth = authmode_bits(&v->authorise);
		if ((ch->auth & (AUTH_IN | AUTH_OUT)) != 0)
			s->authorises = true;
		if (ch->insrc != NULL || ch->indest != NULL ||
		    ch->outsrc != NULL || ch->outdest != NULL)
			s->by_host = true;
	}
	s->by_host = s->by_host && s->authorises;
	free(tried);
	if (rc == -1)
		site_close(s);
	return rc;
}

void
site_close(struct site *s)
{
	int i;

	for (i = 0; i < s->ntables; i++)
		tb_close(s->tables[i]);
	free(s->tables);
	free(s->channels);
	memset(s, 0, sizeof(*s));
}

void
site_resolve(struct site *s, struct resolver *r)
{
	int i;

	for (i = 0; i < s->ntables; i++)
		if (s->tables[i] != NULL)
			tb_resolve(s->tables[i], r);
}

struct tb *
site_table(const struct site *s, const char *name)
{
	int i = name[0] == '\0' ? -1 : conf_table(s->conf, name);

	return i == -1 ? NULL : s->tables[i];
}

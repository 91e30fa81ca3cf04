/*
 * check_authorise - what the modes of channels amount to, and every row of
 * the tables of authorisation: a name that is none is a rule that never fits.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include "lib/authmode.h"
#include "lib/text.h"
#include "tables/authvalue.h"
#include "tools/check.h"

/* A table in one of its uses, and which words of it may be channels. */
struct use {
	enum setting_id setting;
	bool keys, values;
};

static const struct use uses[] = {
	{ SETTING_insrc, false, true }, { SETTING_outdest, false, true },
	{ SETTING_indest, true, false }, { SETTING_outsrc, true, false },
};

struct walk {
	const struct check *k;
	const struct section *table;
	const struct tb *t;
	const struct use *use;		/* null: an authorise-table */
};

/* Where a row is; of a list, where its rows are. */
static struct origin
place(const struct walk *w, int line)
{
	if (tb_path(w->t)[0] != '\0')
		return (struct origin){ tb_path(w->t), line };
	return w->table->from[SETTING_rows].file != NULL ?
	    w->table->from[SETTING_rows] : w->table->where;
}

/* " (did you mean lan?)", or nothing. */
static const char *
guess(const struct conf *c, const char *word, char dst[CONF_NAME + 20])
{
	const char *titles[CONF_CHANNELS], *near;

	for (int i = 0; i < c->nchannels; i++)
		titles[i] = c->channels[i].title;
	near = text_nearest(word, titles, (size_t)c->nchannels);
	(void)snprintf(dst, CONF_NAME + 20, "%s%s%s",
	    near != NULL ? " (did you mean " : "", near != NULL ? near : "",
	    near != NULL ? "?)" : "");
	return dst;
}

/* A word that may be a host, and a channel's name if channel. */
static void
check_name(const struct walk *w, int line, const char *word, bool channel)
{
	const struct conf *c = w->k->conf;
	char shown[SETTING_SHOWN], near[CONF_NAME + 20];

	if (strpbrk(word, ".:[/") != NULL)
		return;
	if (conf_channel(c, word) == -1)
		finding(w->k->f, FINDING_WARNING, place(w, line),
		    "table \"%s\" (%s): %s is no channel%s, and no host with "
		    "a domain", w->table->title, setting_name(w->use->setting),
		    setting_show(word, shown),
		    channel ? guess(c, word, near) : "");
	else if (!channel)
		finding(w->k->f, FINDING_WARNING, place(w, line),
		    "table \"%s\" (%s): %s is a channel, but only hosts count "
		    "there", w->table->title, setting_name(w->use->setting),
		    setting_show(word, shown));
}

/* Key and value as strings; -1, with a finding, if that is too much. */
static int
take_row(const struct walk *w, int line, const char *key, size_t klen,
    const char *value, size_t vlen, char key_r[TB_KEY + 1],
    char value_r[AUTHVALUE_MOST + 1])
{
	if (klen > TB_KEY || vlen > AUTHVALUE_MOST) {
		finding(w->k->f, FINDING_ERROR, place(w, line), "table "
		    "\"%s\": a value is longer than %d bytes",
		    w->table->title, AUTHVALUE_MOST);
		return -1;
	}
	memcpy(key_r, key, klen);
	key_r[klen] = '\0';
	memcpy(value_r, value, vlen);
	value_r[vlen] = '\0';
	return 0;
}

static int
host_row(void *arg, const char *key, size_t klen, const char *value,
    size_t vlen, int line)
{
	const struct walk *w = arg;
	char name[TB_KEY + 1], text[AUTHVALUE_MOST + 1];
	char word[AUTHVALUE_WORD];
	const char *p = text;
	bool quoted;

	if (take_row(w, line, key, klen, value, vlen, name, text) == -1)
		return 0;
	check_name(w, line, name[0] == '!' ? name + 1 : name, w->use->keys);
	while (authvalue_word(&p, word, &quoted))
		check_name(w, line, word, w->use->values);
	return 0;
}

static int
user_row(void *arg, const char *key, size_t klen, const char *value,
    size_t vlen, int line)
{
	const struct walk *w = arg;
	char name[TB_KEY + 1], text[AUTHVALUE_MOST + 1];
	char word[AUTHVALUE_WORD], why[AUTHVALUE_WORD];
	char shown[SETTING_SHOWN], near[CONF_NAME + 20];
	const char *p = text;
	bool quoted;

	if (take_row(w, line, key, klen, value, vlen, name, text) == -1)
		return 0;
	if (authvalue_user(text, "", why, sizeof(why)) == -1) {
		finding(w->k->f, FINDING_ERROR, place(w, line), "table "
		    "\"%s\" (authorise-table): %s is none of send, recv, both, "
		    "list, expire, or a reason in quotes", w->table->title,
		    setting_show(why, shown));
		return 0;
	}
	while (authvalue_word(&p, word, &quoted))
		if (!quoted && conf_channel(w->k->conf, word) == -1 &&
		    authvalue_user(word, "", why, sizeof(why)) == -1)
			finding(w->k->f, FINDING_ERROR, place(w, line),
			    "table \"%s\" (authorise-table): there is no "
			    "channel %s%s", w->table->title,
			    setting_show(word, shown),
			    guess(w->k->conf, word, near));
	return 0;
}

/* The table that this channel, and none before it, has for that. */
static void
check_table(const struct check *k, int channel, enum setting_id id,
    const struct use *use)
{
	const char *name = setting_strings(&k->conf->channels[channel].v,
	    id).at[0];
	struct walk w = { .k = k, .use = use };
	int i;

	if (name[0] == '\0')
		return;
	for (i = 0; i < channel; i++)
		if (strcmp(setting_strings(&k->conf->channels[i].v, id).at[0],
		    name) == 0)
			return;
	i = conf_table(k->conf, name);
	w.table = &k->conf->tables[i];
	w.t = k->site->tables[i];
	(void)tb_walk(k->site->tables[i], use != NULL ? host_row : user_row,
	    &w);
}

static bool
has_rules(const struct site_channel *ch)
{
	return ch->insrc != NULL || ch->indest != NULL || ch->outsrc != NULL ||
	    ch->outdest != NULL || ch->users != NULL;
}

/* Modes without rules, rules without modes. */
static void
check_channel(const struct check *k, int channel)
{
	const struct section *s = &k->conf->channels[channel];
	const struct site_channel *ch = &k->site->channels[channel];

	if ((ch->auth & (AUTH_IN_BLOCK | AUTH_OUT_BLOCK)) != 0 &&
	    !has_rules(ch))
		finding(k->f, FINDING_WARNING, s->from[SETTING_authorise],
		    "channel \"%s\": it blocks, and has no tables of its own: "
		    "only other channels' tables can let mail %s it", s->title,
		    (ch->auth & AUTH_IN_BLOCK) == 0 ? "to" :
		    (ch->auth & AUTH_OUT_BLOCK) == 0 ? "from" : "to or from");
	if (has_rules(ch) && (ch->auth & (AUTH_IN | AUTH_OUT)) == 0)
		finding(k->f, FINDING_WARNING, s->where, "channel \"%s\": it "
		    "has tables of authorisation and no modes in "
		    "authorise: they count only against the modes of "
		    "other channels",
		    s->title);
}

static void
check_listener(const struct check *k, int listener)
{
	const struct section *s = &k->conf->listeners[listener];
	struct settings v;

	conf_effective(k->conf, listener, -1, &v);
	if (v.lookup_names == LOOKUP_NAMES_NEVER)
		finding(k->f, FINDING_NOTE, s->where, "listener \"%s\": with "
		    "lookup-names = never the tables of authorisation know "
		    "source hosts by their addresses alone", s->title);
}

void
check_authorise(const struct check *k)
{
	for (int i = 0; i < k->conf->nchannels; i++) {
		check_channel(k, i);
		check_table(k, i, SETTING_authorise_table, NULL);
		for (size_t j = 0; j < ARRAY_LEN(uses); j++)
			check_table(k, i, uses[j].setting, &uses[j]);
	}
	for (int i = 0; k->site->by_host && i < k->conf->nlisteners; i++)
		check_listener(k, i);
}

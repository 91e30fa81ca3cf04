/*
 * source - from the source host to the channel that its mail comes from.
 *
 * Runs in smtpsrvr and, again, in submit, which believes neither the other's
 * answer nor its name.  Nothing is looked up but in the tables.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "lib/text.h"
#include "tables/source.h"
#include "tables/tbrow.h"
#include "tables/watch.h"

static bool
listed(const struct source_list *l, int channel)
{
	int i;

	for (i = 0; i < l->n; i++)
		if (l->channel[i] == channel)
			return true;
	return false;
}

/* The same words as for the setting (lib/conf_check.c). */
static int
no_channel(const struct conf *c, const char *name, struct buf *why_r)
{
	const char *titles[CONF_CHANNELS], *near;
	int i;

	if (strpbrk(name, " \t") != NULL) {
		tb_why(why_r, "channels: a blank in the name \"%s\"", name);
		return -1;
	}
	for (i = 0; i < c->nchannels; i++)
		titles[i] = c->channels[i].title;
	near = text_nearest(name, titles, (size_t)c->nchannels);
	tb_why(why_r, "channels: there is no channel \"%s\"%s%s%s", name,
	    near != NULL ? " (did you mean " : "", near != NULL ? near : "",
	    near != NULL ? "?)" : "");
	return -1;
}

static int
add_channel(const struct conf *c, const char *name, size_t len,
    struct source_list *l, struct buf *why_r)
{
	char title[256];
	int i;

	if (len == 0) {
		tb_why(why_r, "channels: an empty name");
		return -1;
	}
	if (len >= sizeof(title))
		len = sizeof(title) - 1;	/* longer than any of ours */
	memcpy(title, name, len);
	title[len] = '\0';
	i = conf_channel(c, title);
	if (i == -1)
		return no_channel(c, title, why_r);
	if (listed(l, i)) {
		tb_why(why_r, "channels: \"%s\" is there twice", title);
		return -1;
	}
	l->channel[l->n++] = i;
	return 0;
}

int
source_channels(const struct conf *c, int listener, const char *operand,
    struct source_list *l_r, struct buf *why_r)
{
	const struct strings *set = listener < 0 ? NULL :
	    &c->listeners[listener].v.channels;
	const struct section *by = listener >= 0 && c->listeners[listener]
	    .from[SETTING_hostname].file != NULL ? &c->listeners[listener] :
	    &c->server;
	size_t i, len;

	l_r->hostname = by->v.hostname;
	l_r->n = 0;
	if (operand[0] != '\0') {
		for (;; operand += len + 1) {
			len = strcspn(operand, ",");
			if (add_channel(c, operand, len, l_r, why_r) == -1)
				return -1;
			if (operand[len] == '\0')
				return 0;
		}
	}
	for (i = 0; set != NULL && i < set->n; i++)
		if (add_channel(c, set->at[i], strlen(set->at[i]), l_r,
		    why_r) == -1)
			return -1;
	if (l_r->n == 0)
		for (; l_r->n < c->nchannels && l_r->n < SOURCE_CHANNELS;
		    l_r->n++)
			l_r->channel[l_r->n] = l_r->n;
	return 0;
}

int
source_last(const struct source_list *l)
{
	return l->n > 0 ? l->channel[l->n - 1] : -1;
}

static bool
has_names(const struct site *s, int channel)
{
	const struct tb *t = s->channels[channel].hosts;

	return t != NULL && (tb_holds(t) & TB_NAMES) != 0;
}

bool
source_needs_name(const struct site *s, const struct source_list *l)
{
	int i;

	if (s->by_host || s->named)
		return true;
	for (i = 0; i < l->n; i++)
		if (has_names(s, l->channel[i]))
			return true;
	return false;
}

/* In the channel's table: by its address, else by its name. */
static enum tb_answer
search_channel(const struct site *s, int channel, const struct netaddr *peer,
    enum ask_outcome outcome, const char *name)
{
	struct tb *t = s->channels[channel].hosts;
	char text[NET_TEXT];
	enum tb_answer answer;
	int line = 0;

	answer = tb_find_address(t, peer, NULL, &line);
	if (s->watcher != NULL)
		watch_lookup(s, channel, t, net_text(peer, text), answer,
		    line);
	if (answer != TB_NOT_FOUND || outcome != ASK_FOUND ||
	    !has_names(s, channel))
		return answer;
	line = 0;
	answer = tb_find_name(t, name, NULL, &line);
	watch_lookup(s, channel, t, name, answer, line);
	return answer;
}

/*
 * The first table that holds the host; its channel in *channel_r.
 * undecided_r: the name might be in a table before it.
 */
static enum tb_answer
search(const struct site *s, const struct source_list *l,
    const struct netaddr *peer, enum ask_outcome outcome, const char *name,
    int *channel_r, bool *undecided_r)
{
	enum tb_answer answer = TB_NOT_FOUND;
	int i;

	*undecided_r = false;
	for (i = 0; i < l->n && answer != TB_FOUND && answer != TB_LATER;
	    i++) {
		if (s->channels[l->channel[i]].hosts == NULL)
			continue;
		*channel_r = l->channel[i];
		answer = search_channel(s, l->channel[i], peer, outcome,
		    name);
		if (answer == TB_NOT_FOUND && outcome == ASK_LATER &&
		    has_names(s, l->channel[i]))
			*undecided_r = true;
	}
	return answer;
}

/*
 * Nothing certain is known: the last channel, or a refusal for now.  table:
 * which one failed, if it was one.
 */
static void
unsure(const struct source_list *l, const struct netaddr *peer, bool finicky,
    const struct tb *table, struct source *r)
{
	char text[NET_TEXT];

	r->uncertain = true;
	if (!finicky) {
		r->channel = source_last(l);
		return;
	}
	if (table != NULL) {
		reply_set(&r->refusal, REPLY_NO_SERVICE, l->hostname);
		reply_because(&r->refusal, "table");
		reply_detail(&r->refusal, "table=%s", tb_name(table));
	} else {
		reply_set(&r->refusal, REPLY_LOOKUP_FAILED,
		    net_text(peer, text));
		reply_because(&r->refusal, "lookup");
	}
}

/* In no table for certain. */
static void
unknown(const struct site *s, const struct source_list *l,
    const struct netaddr *peer, enum ask_outcome outcome, const char *name,
    bool finicky, struct source *r)
{
	char text[NET_TEXT];

	if (!finicky) {
		r->channel = source_last(l);
		return;
	}
	net_text(peer, text);
	if (outcome == ASK_NONE && source_needs_name(s, l)) {
		reply_set(&r->refusal, REPLY_UNRESOLVED_HOST, text);
		reply_because(&r->refusal, "no-name");
	} else {
		reply_set(&r->refusal, REPLY_UNKNOWN_HOST,
		    outcome == ASK_FOUND ? name : text);
		reply_because(&r->refusal, "unknown-host");
	}
}

void
source_find(const struct site *s, const struct source_list *l,
    const struct netaddr *peer, enum ask_outcome outcome, const char *name,
    bool finicky, struct source *r)
{
	bool undecided;
	int channel = -1;

	memset(r, 0, sizeof(*r));
	r->channel = -1;
	r->unnamed = outcome == ASK_LATER;
	if (l->n == 0) {
		reply_set(&r->refusal, REPLY_NO_SERVICE, l->hostname);
		reply_because(&r->refusal, "no-channel");
		return;
	}
	switch (search(s, l, peer, outcome, name, &channel, &undecided)) {
	case TB_FOUND:
		r->channel = channel;
		r->found = true;
		r->uncertain = undecided;
		break;
	case TB_NOT_FOUND:
	case TB_NEGATED:
		if (undecided)
			unsure(l, peer, finicky, NULL, r);
		else
			unknown(s, l, peer, outcome, name, finicky, r);
		break;
	case TB_LATER:
		unsure(l, peer, finicky, s->channels[channel].hosts, r);
		break;
	}
}

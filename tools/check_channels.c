/*
 * check_channels - what channels and listeners amount to, in words.
 */
#include "config.h"

#include <string.h>
#include "tables/source.h"
#include "tools/check.h"

#define WHY_MOST 4096

/* Is it the last one of a listener's list: what unknown hosts become? */
static bool
is_last(const struct conf *c, int channel)
{
	struct source_list list;
	struct buf why;
	bool last = false;

	buf_init(&why, WHY_MOST);
	for (int i = 0; i < c->nlisteners && !last; i++)
		last = source_channels(c, i, "", &list, &why) == 0 &&
		    source_last(&list) == channel;
	buf_free(&why);
	return last;
}

static void
check_channel(const struct check *k, int channel)
{
	const struct section *s = &k->conf->channels[channel];
	bool local = strcmp(s->v.program, "local") == 0;
	bool last = is_last(k->conf, channel);

	if (s->from[SETTING_finicky].file != NULL && !last)
		finding(k->f, FINDING_WARNING, s->from[SETTING_finicky],
		    "channel \"%s\": its finicky means nothing, because it is "
		    "the last one of no listener", s->title);
	if (s->v.table[0] == '\0' && !last)
		finding(k->f, FINDING_WARNING, s->where, "channel \"%s\": "
		    "without a table and not the last one of a listener it "
		    "has no hosts at all", s->title);
	if (local && s->v.table[0] == '\0')
		finding(k->f, FINDING_WARNING, s->where, "channel \"%s\": "
		    "without a table of its domains only mail for postmaster "
		    "gets to it", s->title);
	if (local && s->v.mailboxes[0] == '\0')
		finding(k->f, FINDING_NOTE, s->where, "channel \"%s\": "
		    "without mailboxes only postmaster%s exists", s->title,
		    s->v.aliases[0] != '\0' ? " and its aliases" : "");
	if (s->v.program[0] == '\0' && (s->v.accept_from.n > 0 ||
	    s->v.mailboxes[0] != '\0' || s->v.aliases[0] != '\0'))
		finding(k->f, FINDING_WARNING, s->where, "channel \"%s\": "
		    "it has no program, so nothing can be sent to it; "
		    "accept-from, mailboxes and aliases mean nothing",
		    s->title);
}

static void
check_listener(const struct check *k, int listener)
{
	const struct section *s = &k->conf->listeners[listener];
	struct source_list list;
	struct settings v;
	struct buf why;

	buf_init(&why, WHY_MOST);
	if (source_channels(k->conf, listener, "", &list, &why) != 0 ||
	    list.n == 0)
		finding(k->f, FINDING_ERROR, s->where, "listener \"%s\": %s",
		    s->title, why.len > 0 ? buf_str(&why) : "no channels");
	buf_free(&why);
	if (list.n == 0)
		return;
	conf_effective(k->conf, listener, source_last(&list), &v);
	if (v.finicky)
		finding(k->f, FINDING_NOTE, s->where, "listener \"%s\": hosts "
		    "in none of its tables are refused (finicky)", s->title);
	else
		finding(k->f, FINDING_NOTE, s->where, "listener \"%s\": hosts "
		    "in none of its tables are those of channel \"%s\"",
		    s->title,
		    k->conf->channels[source_last(&list)].title);
}

void
check_channels(const struct check *k)
{
	for (int i = 0; i < k->conf->nchannels; i++)
		check_channel(k, i);
	for (int i = 0; i < k->conf->nlisteners; i++)
		check_listener(k, i);
}

/*
 * selection - which messages of the queue an operator means.
 */
#include "config.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include "lib/text.h"
#include "tools/selection.h"

#define SECOND 1000000

static int
take_age(const char *text, const char *option, int64_t *seconds_r,
    char *why_r, size_t size)
{
	int64_t ms;

	*seconds_r = -1;
	if (text == NULL)
		return 0;
	if (text_duration(text, &ms) != 0) {
		snprintf(why_r, size, "%s: %s is no time, such as 30m or 2d",
		    option, text);
		return -1;
	}
	*seconds_r = ms / 1000;
	return 0;
}

int
selection_make(struct selection *s_r, const struct request *r, char **ids,
    int nids, char *why_r, size_t size)
{
	*s_r = (struct selection){ .sender = r->sender,
	    .recipient = r->recipient, .channel = r->channel,
	    .login = r->login, .over = r->over,
	    .reason = r->reason, .ids = ids, .nids = nids };
	if (take_age(r->older, "--older", &s_r->older, why_r, size) != 0 ||
	    take_age(r->newer, "--newer", &s_r->newer, why_r, size) != 0)
		return -1;
	s_r->some = nids > 0 || r->sender != NULL || r->recipient != NULL ||
	    r->channel != NULL || r->login != NULL || r->reason != NULL ||
	    r->older != NULL || r->newer != NULL;
	return 0;
}

bool
selection_names(const struct selection *s, const char *id)
{
	for (int i = 0; i < s->nids; i++)
		if (strcmp(s->ids[i], id) == 0)
			return true;
	return s->nids == 0;
}

static bool
matches(const char *pattern, const char *text)
{
	return pattern == NULL || fnmatch(pattern, text, FNM_CASEFOLD) == 0;
}

/* Its text holds the words, or its code is that one. */
static bool
failed_so(const struct selection *s, const struct mark *m)
{
	return s->reason == NULL || (m->text[0] != '\0' &&
	    (strcasestr(m->text, s->reason) != NULL ||
	    strcmp(m->code, s->reason) == 0));
}

static bool
holds_for(const struct selection *s, const struct qfile_recipient *to,
    const struct mark *m)
{
	return m->state != MARK_DELIVERED && m->state != MARK_NEVER &&
	    (matches(s->recipient, to->address) ||
	    (to->original[0] != '\0' && matches(s->recipient,
	    to->original))) && matches(s->channel, to->channel) &&
	    failed_so(s, m);
}

bool
selection_holds(const struct selection *s, const struct queued *q,
    int64_t now)
{
	const struct qfile *e = &q->in.q;
	int64_t age = (now - e->time) / SECOND;

	if (s->over ? strcmp(s->login, e->login) != 0 ||
	    e->held[0] == '\0' || !queued_held(q) :
	    !matches(s->login, e->login))
		return false;
	if (!matches(s->sender, e->sender) ||
	    (s->older >= 0 && age < s->older) ||
	    (s->newer >= 0 && age > s->newer))
		return false;
	if (s->recipient == NULL && s->channel == NULL && s->reason == NULL)
		return true;
	for (size_t i = 0; i < e->nrecipients; i++)
		if (holds_for(s, &e->recipients[i], &q->mark[i]))
			return true;
	return false;
}

/*
 * channel - see channel.h.  Runs in deliver, as the submit user.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chans/channel.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/xalloc.h"

static void
set_workers(struct channel *ch, int n)
{
	if (ch->workers == NULL || n > ch->nworkers) {
		ch->workers = xresize(ch->workers, (size_t)n,
		    sizeof *ch->workers);
		for (int i = ch->nworkers; i < n; i++)
			ch->workers[i] = (struct worker){ .sock = -1 };
		ch->nworkers = n;
	}
	ch->processes = n;
}

/* Where a program connects to many hosts, it matters to which. */
static int
destination_of(const struct settings *s)
{
	if (s->destination != GROUP_AUTO)
		return s->destination;
	for (size_t i = 0; strcmp(s->program, "smtp") == 0 &&
	    i < s->relay_hosts.n; i++) {
		if (strcmp(s->relay_hosts.at[i], "mx:") == 0)
			return GROUP_HOST;
	}
	return GROUP_CHANNEL;
}

static void
channel_settings(struct channel *ch, const struct conf *c)
{
	struct settings s;
	int i = conf_channel(c, ch->name);
	int64_t limit;

	conf_effective(c, -1, i, &s);
	ch->program[0] = '\0';
	if (i != -1 && s.program[0] != '\0')
		snprintf(ch->program, sizeof ch->program, "ch_%s", s.program);
	ch->foreign = s.pipe_user[0] != '\0';
	ch->timeout = s.delivery_timeout;
	schedule_set(&ch->schedule, &s);
	ch->destination = destination_of(&s);
	limit = s.delivery_per_destination;
	if (ch->destination == GROUP_CHANNEL)
		limit = UINT32_MAX;
	else if (limit == 0)
		limit = s.delivery_processes < 8 ? 1 :
		    s.delivery_processes / 4;
	ch->dests.limit = (uint32_t)limit;
	ch->dests.pause_first = s.pause_first;
	ch->dests.pause_most = s.pause_most;
	set_workers(ch, (int)s.delivery_processes);
	ch->paused = 0;
}

void
channels_settings(struct channels *cs, const struct conf *c, int fd)
{
	struct channel *ch;
	int i;

	cs->conf = c;
	cs->conf_fd = fd;
	for (ch = cs->first; ch != NULL; ch = ch->next) {
		channel_settings(ch, c);
		for (i = 0; i < ch->nworkers; i++)
			ch->workers[i].old = true;
	}
}

struct channel *
channel_get(struct channels *cs, const char *name)
{
	struct channel *ch;

	for (ch = cs->first; ch != NULL; ch = ch->next) {
		if (strncmp(ch->name, name, sizeof ch->name - 1) == 0)
			return ch;
	}
	ch = xcalloc(1, sizeof *ch);
	snprintf(ch->name, sizeof ch->name, "%s", name);
	jobs_init(&ch->jobs);
	dests_init(&ch->dests);
	channel_settings(ch, cs->conf);
	ch->next = cs->first;
	cs->first = ch;
	return ch;
}

const char *
channel_destination(const struct channel *ch, const struct qfile_recipient *r)
{
	const char *at;

	if (ch->destination == GROUP_CHANNEL)
		return "";
	if (ch->destination == GROUP_HOST && r->host[0] != '\0')
		return r->host;
	at = strrchr(r->address, '@');
	return at != NULL ? at + 1 : "";
}

bool
channel_full(const struct channel *ch)
{
	if (ch->destination == GROUP_CHANNEL)
		return ch->jobs.n >= CHANNEL_QUEUED;
	/* Turns are taken when an entry comes in, not when it goes out. */
	return ch->jobs.n >= (size_t)ch->processes;
}

void
channel_add(struct channel *ch, struct entry *e, uint32_t index, bool repeat)
{
	struct dest *d = dest_get(&ch->dests,
	    channel_destination(ch, &e->in.q.recipients[index]));

	jobs_add(&ch->jobs, &ch->dests, d, e, index, repeat);
}

/* What the job shows of its destination; true: it is down since now. */
static bool
judge(const struct channels *cs, struct channel *ch, const struct job *j)
{
	int64_t now = clock_ms();
	struct dest *d = j->dest;
	bool was = d->failures > 0;
	struct logline l;

	if (cs->once)
		return false;
	if (!j->down) {
		dest_up(&ch->dests, d);
	} else if (!dest_down(&ch->dests, d, now, j->last.code,
	    j->last.text)) {
		return false;
	}
	if (!j->down && !was)
		return false;
	log_begin(&l, LEVEL_NOTICE, j->down ? "down" : "up");
	log_word(&l, "chan", ch->name);
	log_word(&l, "dest", d->name[0] != '\0' ? d->name : "-");
	if (j->down) {
		log_num(&l, "failures", d->failures);
		log_num(&l, "pause", (d->until - now + 500) / 1000);
		log_num(&l, "waiting", (int64_t)d->waiting);
		log_text(&l, "why", d->why);
	}
	log_end(&l);
	return j->down;
}

void
channel_end(struct channels *cs, struct channel *ch, struct job *j,
    const char *code, const char *why)
{
	struct chan_answer a = { .index = 0 };
	bool heard = j->left < j->request.n;
	struct dest *d = j->dest;
	struct entry *e = j->entry;
	struct job *other;

	for (uint32_t i = 0; i < j->request.n; i++) {
		if (j->answered[i])
			continue;
		e->busy[j->request.index[i]] = false;
		e->outstanding--;
		if (why == NULL)
			continue;
		a.index = j->request.index[i];
		chanproto_fill(&a, CHAN_LATER, code, "%s", why);
		cs->answer(cs->ctx, e, &a);
	}
	if (heard && judge(cs, ch, j)) {
		while ((other = jobs_pop_for(&ch->jobs, d)) != NULL)
			channel_end(cs, ch, other, "", NULL);
	}
	dest_idle(&ch->dests, d);
	cs->end(cs->ctx, e);
	free(j);
}

void
channels_drop(struct channels *cs)
{
	struct channel *ch;
	struct job *j;

	for (ch = cs->first; ch != NULL; ch = ch->next) {
		while ((j = jobs_pop(&ch->jobs)) != NULL)
			channel_end(cs, ch, j, "", NULL);
	}
}

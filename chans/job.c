/*
 * job - see job.h.
 */
#include "config.h"

#include "chans/job.h"
#include "lib/xalloc.h"

void
jobs_init(struct jobs *js)
{
	*js = (struct jobs){ .n = 0 };
	js->last = &js->first;
}

bool
jobs_joins(const struct job *j, const struct entry *e)
{
	return j != NULL && j->entry == e &&
	    j->request.n < CHANPROTO_RECIPIENTS;
}

void
jobs_add(struct jobs *js, struct dests *ds, struct dest *d, struct entry *e,
    uint32_t index, bool repeat)
{
	struct job *j = d->building;

	if (!jobs_joins(j, e)) {
		j = d->building = xcalloc(1, sizeof *j);
		j->entry = e;
		j->dest = d;
		j->request.version = CHANPROTO_VERSION;
		j->request.serial = ++js->serial;
		j->request.flags = repeat ? CHANPROTO_REPEAT : 0;
		j->request.at = e->at;
		j->request.length = e->length;
		*js->last = j;
		js->last = &j->next;
		js->n++;
		dest_busy(ds, d);
	}
	j->request.index[j->request.n++] = index;
	j->left++;
	e->busy[index] = true;
	e->outstanding++;
}

static struct job *
take(struct jobs *js, struct job **at)
{
	struct job *j = *at;

	if (j == NULL)
		return NULL;
	*at = j->next;
	if (*at == NULL)
		js->last = at;
	js->n--;
	if (j->dest->building == j)
		j->dest->building = NULL;
	return j;
}

struct job *
jobs_pop(struct jobs *js)
{
	return take(js, &js->first);
}

struct job *
jobs_pop_for(struct jobs *js, const struct dest *d)
{
	struct job **at = &js->first;

	while (*at != NULL && (*at)->dest != d)
		at = &(*at)->next;
	return take(js, at);
}

void
jobs_put_back(struct jobs *js, struct job **at, struct job *j)
{
	if (*at == NULL)
		js->last = &j->next;
	j->next = *at;
	*at = j;
	js->n++;
}

/*
 * waiting - who waits for which look-up, and until when.  See asking.h.
 *
 * One look-up serves all who ask the same while it is under way.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include "lib/xalloc.h"
#include "tables/asking.h"

static struct looks *
head_of(struct askers *s, const struct cache_key *k)
{
	const char *p;
	unsigned h = k->kind;
	size_t i;

	for (i = 0; i < sizeof(k->address.ip); i++)
		h = h * 31 + k->address.ip[i];
	for (p = k->name; *p != '\0'; p++)
		h = h * 31 + (uint8_t)*p;
	return &s->looks[h % HEADS];
}

struct look *
waiting_find(struct askers *s, const struct cache_key *k)
{
	struct look *look;

	LIST_FOREACH(look, head_of(s, k), link)
		if (cache_same(&look->key, k))
			break;
	return look;
}

struct look *
waiting_new(struct askers *s, const struct cache_key *k)
{
	struct look *look = xcalloc(1, sizeof(*look));

	look->askers = s;
	look->key = *k;
	memcpy(look->name, k->name, strlen(k->name) + 1);
	look->key.name = look->name;
	TAILQ_INIT(&look->waiters);
	LIST_INSERT_HEAD(head_of(s, k), look, link);
	return look;
}

void
waiting_done(struct look *look)
{
	LIST_REMOVE(look, link);
	free(look);
}

struct waiter *
waiting_add(struct waiters *all, struct client *c, struct look *look,
    int64_t deadline)
{
	struct waiter *w = xcalloc(1, sizeof(*w)), *before;

	w->client = c;
	w->look = look;
	w->deadline = deadline;
	w->all = all;
	before = TAILQ_LAST(all, waiters);
	while (before != NULL && before->deadline > deadline)
		before = TAILQ_PREV(before, waiters, of_all);
	if (before != NULL)
		TAILQ_INSERT_AFTER(all, before, w, of_all);
	else
		TAILQ_INSERT_HEAD(all, w, of_all);
	TAILQ_INSERT_TAIL(&c->waiters, w, of_client);
	TAILQ_INSERT_TAIL(&look->waiters, w, of_look);
	c->inflight++;
	return w;
}

void
waiting_end(struct waiter *w)
{
	TAILQ_REMOVE(w->all, w, of_all);
	TAILQ_REMOVE(&w->client->waiters, w, of_client);
	TAILQ_REMOVE(&w->look->waiters, w, of_look);
	w->client->inflight--;
	free(w->access);
	free(w);
}

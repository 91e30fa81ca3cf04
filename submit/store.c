/*
 * store - see store.h.
 */
#include "config.h"

#include <errno.h>

#include "lib/log.h"
#include "submit/store.h"

/* Some jobs of a batch. */
struct some {
	struct job *at[STORE_BATCH];
	size_t n;
};

static void
add(struct some *s, struct job *j)
{
	PANIC_IF(s->n == STORE_BATCH);
	s->at[s->n++] = j;
}

static void
failed(struct store *s, struct job *j, int error, const char *step)
{
	j->error = error;
	j->failed = step;
	queue_refusal(error, &j->reply);
	reply_because(&j->reply, step);
	queue_discard(s->spool, j->entry);
}

/* The files of a batch: each written and named, before the first sync. */
static void
write_files(struct store *s, const struct some *all, struct some *named_r)
{
	for (size_t i = 0; i < all->n; i++) {
		struct job *j = all->at[i];
		struct entry *e = j->entry;

		if ((e->state == ENTRY_NEW && queue_create(s->spool, e) != 0) ||
		    queue_finish(e, j->held.p, j->held.len, j->header) != 0)
			failed(s, j, e->error, e->failed);
	}
	for (size_t i = 0; i < all->n; i++) {
		struct job *j = all->at[i];

		if (j->error != 0)
			continue;
		if (queue_name(s->spool, j->entry) == 0)
			add(named_r, j);
		else
			failed(s, j, j->entry->error, j->entry->failed);
	}
}

/* In any thread: what it comes to is in the entry's state. */
static void
sync_one(void *arg, size_t i)
{
	struct some *named = arg;

	(void)!queue_sync(named->at[i]->entry);
}

/* All at once, and then queue/ once for all. */
static void
put_files(struct store *s, const struct some *all)
{
	struct some named = { .n = 0 }, synced = { .n = 0 };
	int error = 0;

	write_files(s, all, &named);
	syncers_run(s->syncers, named.n, sync_one, &named);
	for (size_t i = 0; i < named.n; i++) {
		struct entry *e = named.at[i]->entry;

		if (e->state == ENTRY_SYNCED)
			add(&synced, named.at[i]);
		else
			failed(s, named.at[i], e->error, e->failed);
	}
	if (synced.n > 0 && queue_sync_names(s->spool) != 0)
		error = errno != 0 ? errno : EIO;
	for (size_t i = 0; i < synced.n; i++) {
		if (error == 0)
			queue_release(synced.at[i]->entry);
		else
			failed(s, synced.at[i], error, "sync-names");
	}
}

/* What was added to the journal since the last time. */
static void
commit_added(struct store *s, struct some *added)
{
	const char *step;
	int error = 0;

	if (journal_commit(s->journal, &step) != 0)
		error = errno;
	for (size_t i = 0; i < added->n; i++) {
		if (error == 0)
			queue_journaled(added->at[i]->entry);
		else
			failed(s, added->at[i], error, step);
	}
	added->n = 0;
}

static bool
add_to_journal(struct store *s, struct job *j)
{
	return journal_add(s->journal, j->entry->id, j->held.p, j->held.len,
	    j->header);
}

/* What it does not take is left to files. */
static void
put_journal(struct store *s, const struct some *all, struct some *files)
{
	struct some added = { .n = 0 };

	for (size_t i = 0; i < all->n; i++) {
		struct job *j = all->at[i];

		if (!add_to_journal(s, j)) {
			commit_added(s, &added);
			if (!journal_turn(s->journal) ||
			    !add_to_journal(s, j)) {
				add(files, j);
				continue;
			}
		}
		add(&added, j);
	}
	if (added.n > 0)
		commit_added(s, &added);
}

static bool
for_journal(const struct store *s, const struct job *j)
{
	return s->journal != NULL && !j->notice &&
	    j->entry->state == ENTRY_NEW &&
	    journal_holds(s->journal, j->held.len);
}

void
store_batch(struct store *s, struct job *list)
{
	struct some files = { .n = 0 }, journal = { .n = 0 };

	for (struct job *j = list; j != NULL; j = j->next) {
		j->error = 0;
		/*
		 * Asked here, where entries become durable one after another:
		 * a name that is seen was synced.
		 */
		j->again = j->notice && queue_has(s->spool, j->entry->id);
		if (j->again)
			queue_discard(s->spool, j->entry);
		else
			add(for_journal(s, j) ? &journal : &files, j);
	}
	if (journal.n > 0)
		put_journal(s, &journal, &files);
	if (files.n > 0)
		put_files(s, &files);
	for (struct job *j = list; j != NULL; j = j->next) {
		if (j->error == 0)
			reply_set(&j->reply, REPLY_QUEUED, j->entry->id);
		buf_free(&j->held);
	}
}

/*
 * spill - see spill.h.  Runs in deliver, as the submit user.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "chans/spill.h"
#include "lib/durable.h"
#include "lib/fdio.h"
#include "lib/log.h"

/* One that is under way; fd -1: it failed. */
struct move {
	struct entry *entry;
	int fd;
	bool marked;
};

static void
give_up(struct depot *s, struct move *m, const char *step)
{
	const char *id = m->entry->known->id;

	log_note(LEVEL_ERROR, "journal: %s cannot become a file: %s: %s", id,
	    step, strerror(errno));
	(void)!durable_remove(s->tmp, id);
	if (m->marked)
		(void)!durable_remove(s->marks, id);
	if (m->fd != -1)
		close(m->fd);
	m->fd = -1;
}

/* Locked: submit, when it starts, removes what nobody has. */
static void
write_one(struct depot *s, struct move *m)
{
	const struct qread *in = &m->entry->in;

	if (durable_remove(s->tmp, m->entry->known->id) == 0)
		m->fd = durable_create(s->tmp, m->entry->known->id);
	if (m->fd == -1 || flock(m->fd, LOCK_EX | LOCK_NB) == -1 ||
	    fd_pwrite(m->fd, in->map, in->len, 0) == -1)
		give_up(s, m, "write");
	else
		durable_start(m->fd);
}

static int
write_marks(struct depot *s, const struct entry *e, bool *any_r)
{
	const char *id = e->known->id;
	int fd = -1, made, result = 0;
	size_t i;

	*any_r = false;
	for (i = 0; i <= e->in.q.nrecipients && result == 0; i++) {
		if (e->mark[i].state == MARK_NONE)
			continue;
		if (fd == -1) {
			/* Of a try that failed. */
			if (durable_remove(s->marks, id) == -1)
				return -1;
			fd = marks_open(s->marks, id, &made);
			*any_r = fd != -1;
		}
		result = fd == -1 ? -1 : marks_append(fd, id, &e->mark[i]);
	}
	if (fd == -1)
		return result;
	if (result == 0)
		result = durable_sync(fd);
	close(fd);
	return result;
}

static void
sync_one(struct depot *s, struct move *m)
{
	if (durable_sync(m->fd) == -1)
		give_up(s, m, "sync");
	else if (write_marks(s, m->entry, &m->marked) == -1)
		give_up(s, m, "marks");
}

static void
name_one(struct depot *s, struct move *m)
{
	const char *id = m->entry->known->id;

	if (durable_rename(s->tmp, id, s->queue, id) == -1)
		give_up(s, m, "rename");
}

static bool
finish_one(struct depot *s, struct move *m)
{
	struct entry *e = m->entry;
	struct known *k = e->known;

	feed_done(&s->feed, &k->place, k->id);
	k->place = (struct place){ .generation = 0 };
	free(k->kept);
	k->kept = NULL;
	k->nkept = 0;
	memset(e->unsaved, 0,
	    (e->in.q.nrecipients + 1) * sizeof *e->unsaved);
	/* The lock goes with the file. */
	close(m->fd);
	return true;
}

static void
each(struct depot *s, struct move *m, size_t n,
    void (*step)(struct depot *s, struct move *m))
{
	for (size_t i = 0; i < n; i++)
		if (m[i].entry != NULL && (m[i].fd != -1 || step == write_one))
			step(s, &m[i]);
}

static void
unmark(struct depot *s, struct move *m)
{
	if (m->marked)
		give_up(s, m, "sync of marks/");
}

static void
unname(struct depot *s, struct move *m)
{
	/* The copy in the journal holds, and it alone. */
	(void)!durable_remove(s->queue, m->entry->known->id);
	give_up(s, m, "sync of queue/");
}

void
spill_all(struct depot *s, const struct spill *sp, bool moved_r[SPILL_MOST])
{
	struct move m[SPILL_MOST];
	for (size_t i = 0; i < sp->n; i++)
		m[i] = (struct move){ .entry = sp->entry[i], .fd = -1 };
	each(s, m, sp->n, write_one);
	each(s, m, sp->n, sync_one);
	if (durable_sync_dir(s->marks) == -1)
		each(s, m, sp->n, unmark);
	each(s, m, sp->n, name_one);
	if (durable_sync_dir(s->queue) == -1)
		each(s, m, sp->n, unname);
	for (size_t i = 0; i < sp->n; i++)
		moved_r[i] = m[i].fd != -1 && finish_one(s, &m[i]);
}

/*
 * queued - reads the queue beside submit and deliver.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "lib/text.h"
#include "lib/xalloc.h"
#include "tools/queued.h"

static int
open_folder(int at, const char *name)
{
	return openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC |
	    O_NOFOLLOW);
}

static bool
found(void *ctx, const char *id, const struct place *p, struct mark *mark,
    size_t n)
{
	struct queued_dirs *d = ctx;

	if (d->n == d->room) {
		d->room = 2 * d->room + 16;
		d->at = xresize(d->at, d->room, sizeof(*d->at));
	}
	d->at[d->n] = (struct queued_place){ .place = *p, .mark = mark,
		.nmarks = n };
	d->n += text_copy(d->at[d->n].id, TRACE_ID, id) == 0;
	return true;
}

/* Both begin with the identifier. */
static int
compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void
look_into_journal(struct queued_dirs *d)
{
	if (d->journal == -1)
		return;
	if (feed_open(&d->feed, d->journal, d->bad, false) != 0)
		return;
	d->feed.found = found;
	d->feed.ctx = d;
	feed_look(&d->feed);
	if (d->n > 1)
		qsort(d->at, d->n, sizeof(*d->at), compare);
}

static const struct queued_dirs nothing = { .queue = -1, .marks = -1,
    .bad = -1, .journal = -1, .home = -1, .home_marks = -1 };

int
queued_open(struct queued_dirs *d_r, const char *spool)
{
	int top = open_folder(AT_FDCWD, spool), saved;

	*d_r = nothing;
	if (top == -1)
		return -1;
	d_r->queue = open_folder(top, "queue");
	saved = errno;
	d_r->marks = open_folder(top, "marks");
	d_r->bad = open_folder(top, "bad");
	d_r->journal = open_folder(top, "journal");
	close(top);
	if (d_r->queue != -1) {
		look_into_journal(d_r);
		return 0;
	}
	queued_close(d_r);
	errno = saved;
	return -1;
}

static void
shut(int *fd)
{
	if (*fd != -1)
		close(*fd);
	*fd = -1;
}

int
queued_open_trash(struct queued_dirs *d_r, const char *spool)
{
	int top = open_folder(AT_FDCWD, spool), saved;

	*d_r = nothing;
	if (top == -1)
		return -1;
	d_r->home = open_folder(top, "queue");
	d_r->home_marks = open_folder(top, "marks");
	d_r->queue = open_folder(top, "trash");
	saved = errno;
	close(top);
	if (d_r->queue != -1 && d_r->home != -1 && d_r->home_marks != -1)
		return 0;
	queued_close(d_r);
	errno = saved;
	return -1;
}

void
queued_close(struct queued_dirs *d)
{
	feed_close(&d->feed);
	shut(&d->journal);
	shut(&d->queue);
	shut(&d->marks);
	shut(&d->bad);
	shut(&d->home);
	shut(&d->home_marks);
	for (size_t i = 0; i < d->n; i++)
		free(d->at[i].mark);
	free(d->at);
	d->at = NULL;
	d->n = 0;
}

static void
add(struct queued_ids *ids, const char *name)
{
	if (ids->n == ids->room) {
		ids->room = 2 * ids->room + 16;
		ids->at = xresize(ids->at, ids->room, sizeof(*ids->at));
	}
	if (text_copy(ids->at[ids->n], TRACE_ID, name) == 0)
		ids->n++;
}

int
queued_ids(int dir, struct queued_ids *ids)
{
	struct dirent *e;
	int copy, saved;
	DIR *d;

	if (dir == -1)
		return 0;
	copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	d = copy == -1 ? NULL : fdopendir(copy);
	if (d == NULL) {
		saved = errno;
		shut(&copy);
		errno = saved;
		return -1;
	}
	errno = 0;
	while ((e = readdir(d)) != NULL)
		if (e->d_name[0] != '.')
			add(ids, e->d_name);
	saved = errno;
	closedir(d);
	if (ids->n > 1)
		qsort(ids->at, ids->n, sizeof(*ids->at), compare);
	errno = saved;
	return saved == 0 ? 0 : -1;
}

int
queued_all(const struct queued_dirs *d, struct queued_ids *ids)
{
	int result = queued_ids(d->queue, ids);
	size_t n = 0;

	for (size_t i = 0; i < d->n; i++)
		add(ids, d->at[i].id);
	if (ids->n > 1)
		qsort(ids->at, ids->n, sizeof(*ids->at), compare);
	for (size_t i = 0; i < ids->n; i++)
		if (n == 0 || strcmp(ids->at[n - 1], ids->at[i]) != 0)
			memmove(ids->at[n++], ids->at[i], TRACE_ID);
	ids->n = n;
	return result;
}

static int
open_entry(const struct queued_dirs *d, const char *id, bool *aside_r)
{
	/* O_NONBLOCK: what is no file, a FIFO say, must not hold us up. */
	int flags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, fd;

	*aside_r = false;
	if (strchr(id, '/') != NULL) {
		errno = ENOENT;
		return -1;
	}
	fd = openat(d->queue, id, flags);
	if (fd == -1 && errno == ENOENT && d->bad != -1) {
		*aside_r = true;
		fd = openat(d->bad, id, flags);
	}
	return fd;
}

static void
read_marks(const struct queued_dirs *d, struct queued *q)
{
	q->mark = xcalloc(q->in.q.nrecipients + 1, sizeof(*q->mark));
	if (d->marks == -1)
		marks_init(q->mark, q->in.q.nrecipients);
	if (d->marks != -1 && marks_read(d->marks, q->id, q->mark,
	    q->in.q.nrecipients, &q->bad_marks) != 0)
		q->bad_marks++;
}

static const struct queued_place *
find_place(const struct queued_dirs *d, const char id[TRACE_ID])
{
	return d->n == 0 ? NULL :
	    bsearch(id, d->at, d->n, sizeof(*d->at), compare);
}

/* Its segment may be used again at any moment. */
static int
read_journaled(const struct queued_dirs *d, const struct queued_place *p,
    struct queued *q_r)
{
	const struct place *at = &p->place;
	struct jslot now;

	q_r->set_aside = false;
	errno = 0;
	if (qread_part(feed_fd(&d->feed, at), at->at + JFILE_HEAD, at->length,
	    &q_r->in, &q_r->damage) != 0) {
		if (errno != 0)
			return -1;
		errno = ENOENT;
		return jfile_get_slot(d->feed.ends, (size_t)at->segment,
		    &now) == 0 && now.generation == at->generation ? 0 : -1;
	}
	q_r->damage = NULL;
	q_r->mark = xcalloc(q_r->in.q.nrecipients + 1, sizeof(*q_r->mark));
	marks_init(q_r->mark, q_r->in.q.nrecipients);
	for (size_t i = 0; i < p->nmarks; i++) {
		struct mark *m = marks_at(q_r->mark, q_r->in.q.nrecipients,
		    &p->mark[i]);

		if (m != NULL)
			*m = p->mark[i];
	}
	if (strcmp(q_r->in.q.id, p->id) == 0)
		return 0;
	queued_free(q_r);
	errno = ENOENT;
	return -1;
}

int
queued_read(const struct queued_dirs *d, const char *id, struct queued *q_r)
{
	int fd, result, saved;

	memset(q_r, 0, sizeof(*q_r));
	if (text_copy(q_r->id, sizeof(q_r->id), id) != 0) {
		errno = ENOENT;
		return -1;
	}
	fd = open_entry(d, id, &q_r->set_aside);
	if (fd == -1 && errno == ENOENT && find_place(d, q_r->id) != NULL)
		return read_journaled(d, find_place(d, q_r->id), q_r);
	if (fd == -1)
		return -1;
	errno = 0;
	result = qread_map(fd, &q_r->in, &q_r->damage);
	saved = errno;
	close(fd);
	errno = saved;
	if (result == 0) {
		q_r->damage = NULL;
		read_marks(d, q_r);
		return 0;
	}
	return saved == 0 ? 0 : -1;
}

bool
queued_held(const struct queued *q)
{
	uint8_t state = q->mark[q->in.q.nrecipients].state;

	return state == MARK_HELD ||
	    (state != MARK_FREE && q->in.q.held[0] != '\0');
}

void
queued_free(struct queued *q)
{
	qread_unmap(&q->in);
	free(q->mark);
}

const char *
queued_state(const struct mark *m)
{
	switch ((enum mark_state)m->state) {
	case MARK_DELIVERED:
	case MARK_SUCCESS:
		return "delivered";
	case MARK_LATER:
		return "deferred";
	case MARK_FAILED:
	case MARK_NEVER:
		return "failed";
	case MARK_HELD:
		return "held";
	case MARK_NONE:
	case MARK_FREE:
		break;
	}
	return "waiting";
}

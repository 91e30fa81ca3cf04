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

int
queued_open(struct queued_dirs *d_r, const char *spool)
{
	int top = open_folder(AT_FDCWD, spool), saved;

	*d_r = (struct queued_dirs){ -1, -1, -1 };
	if (top == -1)
		return -1;
	d_r->queue = open_folder(top, "queue");
	saved = errno;
	d_r->marks = open_folder(top, "marks");
	d_r->bad = open_folder(top, "bad");
	close(top);
	errno = saved;
	if (d_r->queue != -1)
		return 0;
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

void
queued_close(struct queued_dirs *d)
{
	shut(&d->queue);
	shut(&d->marks);
	shut(&d->bad);
}

static int
compare(const void *a, const void *b)
{
	return strcmp(a, b);
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
	q->mark = xcalloc(q->in.q.nrecipients, sizeof(*q->mark));
	if (d->marks != -1 && marks_read(d->marks, q->id, q->mark,
	    q->in.q.nrecipients, &q->bad_marks) != 0)
		q->bad_marks++;
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
		return "delivered";
	case MARK_LATER:
		return "deferred";
	case MARK_FAILED:
	case MARK_NEVER:
		return "failed";
	case MARK_NONE:
		break;
	}
	return "waiting";
}

/*
 * feed - see feed.h.
 *
 * Runs in deliver, as the submit user.  Believes no record without a good
 * head; entries are checked when they are taken (qread.h).
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "chans/feed.h"
#include "lib/durable.h"
#include "lib/fdio.h"
#include "lib/log.h"
#include "lib/xalloc.h"

static int
open_board(int dir, const char *name, bool mine)
{
	return openat(dir, name, mine ? O_RDWR | O_CREAT | O_NOFOLLOW |
	    O_CLOEXEC : O_RDONLY | O_NOFOLLOW | O_CLOEXEC, 0600);
}

int
feed_open(struct feed *f_r, int dir, int bad, bool mine)
{
	*f_r = (struct feed){ .dir = dir, .bad = bad, .mine = mine,
		.open = true };
	for (size_t i = 0; i < JFILE_SEGMENTS; i++)
		f_r->segment[i].fd = f_r->segment[i].marks.fd = -1;
	f_r->ends = open_board(dir, JFILE_ENDS, mine);
	f_r->freed = open_board(dir, JFILE_FREED, mine);
	return !mine || (f_r->ends != -1 && f_r->freed != -1) ? 0 : -1;
}

static void
leave(struct feed_segment *s)
{
	jmarks_close(&s->marks);
	if (s->fd != -1)
		close(s->fd);
	*s = (struct feed_segment){ .fd = -1, .marks.fd = -1 };
}

void
feed_close(struct feed *f)
{
	if (!f->open)
		return;
	f->open = false;
	for (size_t i = 0; i < JFILE_SEGMENTS; i++)
		leave(&f->segment[i]);
	if (f->ends != -1)
		close(f->ends);
	if (f->freed != -1)
		close(f->freed);
	f->ends = f->freed = -1;
}

static void
trouble(const struct feed *f, size_t number, const char *why)
{
	if (f->mine)
		log_note(LEVEL_ERROR, "journal, segment %zu: %s", number, why);
}

/* Bytes that are no record, for people to look at. */
static void
set_aside(const struct feed *f, size_t number, uint64_t from, uint64_t to)
{
	const struct feed_segment *s = &f->segment[number];
	char name[80];
	void *p;
	int fd = -1;

	if (!f->mine)
		return;
	snprintf(name, sizeof(name), "s%02zu-%" PRIu64 "-%" PRIu64, number,
	    s->walk.generation, from);
	log_note(LEVEL_ERROR, "journal, segment %zu: damaged: no record in "
	    "%" PRIu64 " bytes, which are kept as bad/%s", number, to - from,
	    name);
	p = jfile_read(s->fd, from, to - from);
	if (p != NULL)
		fd = durable_create(f->bad, name);
	if (fd != -1 && (fd_pwrite(fd, p, (size_t)(to - from), 0) != 0 ||
	    durable_sync(fd) != 0 || durable_sync_dir(f->bad) != 0))
		trouble(f, number, strerror(errno));
	if (fd != -1)
		close(fd);
	free(p);
}

/* Where a walk begins; false: not yet, or not any more. */
static bool
begin(struct feed *f, size_t number, const struct jslot *end)
{
	struct feed_segment *s = &f->segment[number];
	struct jsegment head;
	struct jslot freed;
	char name[JFILE_NAME];

	if (s->live > 0)
		trouble(f, number, "used again with entries not done");
	leave(s);
	jfile_segment_name(name, number);
	s->fd = openat(f->dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (s->fd == -1)
		return false;
	if (jfile_get_segment(s->fd, number, &head) != 1 ||
	    head.generation != end->generation) {
		trouble(f, number, "its head and ends do not agree");
		leave(s);
		return false;
	}
	jfile_walk(&s->walk, s->fd, &head, 0);
	s->freed = f->freed != -1 &&
	    jfile_get_slot(f->freed, number, &freed) == 0 &&
	    freed.generation == head.generation;
	if (s->freed)
		s->walk.at = head.size;
	else if (jmarks_open(&s->marks, f->dir, number, head.generation,
	    f->mine) != 0) {
		trouble(f, number, strerror(errno));
		leave(s);
		return false;
	}
	return true;
}

static void
tell(struct feed *f, size_t number, const struct jrecord *r)
{
	struct feed_segment *s = &f->segment[number];
	struct place p = { .segment = (int)number,
		.generation = r->generation, .at = r->at,
		.length = r->length };
	struct mark *mark;
	size_t n;

	if (jmarks_find(&s->marks, r->at, r->id, &mark, &n))
		return;
	s->live++;
	if (!f->found(f->ctx, r->id, &p, mark, n))
		feed_done(f, &p, r->id);
}

static void
look(struct feed *f, size_t number)
{
	struct feed_segment *s = &f->segment[number];
	enum jstep step;
	struct jslot end;
	struct jrecord r;

	if (jfile_get_slot(f->ends, number, &end) != 0 ||
	    end.generation == 0)
		return;
	if ((s->fd == -1 || s->walk.generation != end.generation) &&
	    !begin(f, number, &end))
		return;
	if (s->freed)
		return;
	s->closed = end.closed;
	s->walk.end = end.end > s->walk.size ? s->walk.size : end.end;
	while ((step = jfile_step(&s->walk, &r)) != JSTEP_END) {
		if (step == JSTEP_RECORD) {
			tell(f, number, &r);
		} else if (step == JSTEP_DAMAGED) {
			set_aside(f, number, r.at, r.next);
		} else {
			trouble(f, number, strerror(errno));
			return;
		}
	}
	jmarks_forget(&s->marks);
}

void
feed_look(struct feed *f)
{
	if (f->ends == -1)
		return;
	for (size_t i = 0; i < JFILE_SEGMENTS; i++)
		look(f, i);
}

int
feed_fd(const struct feed *f, const struct place *p)
{
	const struct feed_segment *s = &f->segment[p->segment];

	return s->walk.generation == p->generation ? s->fd : -1;
}

int
feed_save(struct feed *f, const struct place *p, const char *id,
    const struct mark *m)
{
	errno = ESTALE;
	if (feed_fd(f, p) == -1)
		return -1;
	return jmarks_add(&f->segment[p->segment].marks, p->at, id, m);
}

int
feed_sync(struct feed *f, const struct place *p)
{
	return jmarks_sync(&f->segment[p->segment].marks);
}

void
feed_done(struct feed *f, const struct place *p, const char *id)
{
	struct feed_segment *s = &f->segment[p->segment];

	if (feed_fd(f, p) == -1)
		return;
	/* Without the record it is tried again after a restart. */
	if (jmarks_done(&s->marks, p->at, id) != 0)
		trouble(f, (size_t)p->segment, strerror(errno));
	s->live--;
}

void
feed_settle(struct feed *f)
{
	for (size_t i = 0; i < JFILE_SEGMENTS; i++) {
		struct feed_segment *s = &f->segment[i];
		struct jslot slot = { .generation = s->walk.generation,
			.end = s->walk.end, .closed = true };

		if (s->fd == -1 || s->freed)
			continue;
		if (jmarks_sync(&s->marks) != 0)
			trouble(f, i, strerror(errno));
		if (!s->closed || s->live > 0 || s->walk.at < s->walk.end)
			continue;
		if (jfile_put_slot(f->freed, i, &slot) == 0)
			s->freed = true;
		else
			trouble(f, i, strerror(errno));
	}
}

bool
feed_pressed(const struct feed *f)
{
	bool held = false;

	for (size_t i = 0; i < JFILE_SEGMENTS; i++) {
		const struct feed_segment *s = &f->segment[i];
		char name[JFILE_NAME];

		jfile_segment_name(name, i);
		if (s->freed || (s->fd == -1 &&
		    faccessat(f->dir, name, F_OK, 0) == 0))
			return false;
		held |= s->closed && s->live > 0;
	}
	return held;
}

/*
 * depot - opens the queue's folders, takes entries and finishes them.
 *
 * Runs in deliver, as the submit user.  Trusts no entry without a good
 * trailer and no name that is not an identifier.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "chans/depot.h"
#include "lib/durable.h"
#include "lib/fdio.h"
#include "lib/log.h"
#include "lib/xalloc.h"

#define LOCK_TRIES 50
#define LOCK_PAUSE_US 10000

static int
open_dir(int at, const char *path)
{
	return openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/*
 * A child of one that was just killed holds the lock too, from its fork to
 * its exec.
 */
static int
take_lock(int fd)
{
	for (int i = 0; i < LOCK_TRIES; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK)
			return -1;
		usleep(LOCK_PAUSE_US);
	}
	errno = EWOULDBLOCK;
	return -1;
}

static int
open_part(int top, const char *name, int *fd_r)
{
	if (durable_mkdir(top, name) == -1)
		return -1;
	*fd_r = open_dir(top, name);
	return *fd_r == -1 ? -1 : 0;
}

int
depot_open(struct depot *s_r, const char *path, char *why_r, size_t size)
{
	memset(s_r, 0, sizeof *s_r);
	s_r->tmp = s_r->queue = s_r->marks = s_r->bad = s_r->journal = -1;
	s_r->lock = s_r->alive = s_r->trash = -1;
	s_r->top = open_dir(AT_FDCWD, path);
	if (s_r->top == -1 ||
	    open_part(s_r->top, "tmp", &s_r->tmp) == -1 ||
	    open_part(s_r->top, "queue", &s_r->queue) == -1 ||
	    open_part(s_r->top, "marks", &s_r->marks) == -1 ||
	    open_part(s_r->top, "bad", &s_r->bad) == -1 ||
	    open_part(s_r->top, "trash", &s_r->trash) == -1 ||
	    open_part(s_r->top, "journal", &s_r->journal) == -1 ||
	    (s_r->alive = openat(s_r->top, "deliver.workers", O_RDWR |
	    O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)) == -1 ||
	    (s_r->lock = openat(s_r->top, "deliver.lock", O_RDWR | O_CREAT |
	    O_CLOEXEC | O_NOFOLLOW, 0600)) == -1) {
		snprintf(why_r, size, "spool %s: %s", path, strerror(errno));
		depot_close(s_r);
		return -1;
	}
	if (take_lock(s_r->lock) == -1) {
		snprintf(why_r, size, "spool %s: %s", path,
		    errno == EWOULDBLOCK ? "another deliver works on it" :
		    strerror(errno));
		depot_close(s_r);
		return -1;
	}
	if (feed_open(&s_r->feed, s_r->journal, s_r->bad, true) == -1) {
		snprintf(why_r, size, "spool %s: journal: %s", path,
		    strerror(errno));
		depot_close(s_r);
		return -1;
	}
	return 0;
}

/* Asked until it is so. */
static bool
depot_alone(struct depot *s)
{
	if (!s->alone && flock(s->alive, LOCK_EX | LOCK_NB) == 0)
		s->alone = flock(s->alive, LOCK_SH | LOCK_NB) == 0;
	return s->alone;
}

void
depot_close(struct depot *s)
{
	int *all[] = { &s->top, &s->tmp, &s->queue, &s->marks, &s->bad,
	    &s->trash, &s->journal, &s->lock, &s->alive };
	size_t i;

	feed_close(&s->feed);
	for (i = 0; i < ARRAY_LEN(all); i++) {
		if (*all[i] != -1)
			close(*all[i]);
		*all[i] = -1;
	}
	free(s->gone);
	s->gone = NULL;
}

bool
depot_moved(struct depot *s, const char *id)
{
	int fd = openat(s->queue, id, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
	    O_CLOEXEC);
	bool good = false;
	const char *why;
	struct qread in;

	if (fd == -1)
		return false;
	if (qread_map(fd, &in, &why) == 0) {
		good = strcmp(in.q.id, id) == 0 &&
		    durable_sync_dir(s->queue) == 0;
		qread_unmap(&in);
	}
	close(fd);
	if (!good && durable_remove(s->queue, id) == -1)
		log_note(LEVEL_ERROR, "queue/%s: %s", id, strerror(errno));
	return good;
}

bool
depot_is_id(const char *name)
{
	return strlen(name) == TRACE_ID - 1 &&
	    strspn(name, "0123456789ABCDEFGHJKMNPQRSTVWXYZ") == TRACE_ID - 1;
}

int
depot_scan(int dir, void (*found)(void *ctx, const char *id), void *ctx)
{
	struct dirent *d;
	DIR *list;
	int fd, saved;

	fd = open_dir(dir, ".");
	if (fd == -1)
		return -1;
	list = fdopendir(fd);
	if (list == NULL) {
		close(fd);
		return -1;
	}
	while (errno = 0, (d = readdir(list)) != NULL) {
		if (depot_is_id(d->d_name))
			found(ctx, d->d_name);
	}
	saved = errno;
	closedir(list);
	errno = saved;
	return saved == 0 ? 0 : -1;
}

/* The rule of the state table: the entry is gone for good before its marks. */
void
depot_settle(struct depot *s)
{
	size_t i;

	feed_settle(&s->feed);
	if (s->ngone == 0)
		return;
	if (durable_sync_dir(s->queue) == -1) {
		log_note(LEVEL_ERROR, "cannot sync queue/: %s; marks of %zu "
		    "finished entries are kept", strerror(errno), s->ngone);
	} else {
		for (i = 0; i < s->ngone; i++) {
			if (durable_remove(s->marks, s->gone[i]) == -1)
				log_note(LEVEL_ERROR, "marks/%s: %s",
				    s->gone[i], strerror(errno));
		}
	}
	s->ngone = 0;
}

/* Of the journal: a copy for people to look at. */
static int
copy_bad(struct depot *s, const struct known *k)
{
	void *p = jfile_read(feed_fd(&s->feed, &k->place),
	    k->place.at + JFILE_HEAD, k->place.length);
	int fd, result = -1;

	if (p == NULL)
		return -1;
	fd = durable_create(s->bad, k->id);
	if (fd != -1 && fd_pwrite(fd, p, (size_t)k->place.length, 0) == 0 &&
	    durable_sync(fd) == 0)
		result = durable_sync_dir(s->bad);
	if (fd != -1)
		close(fd);
	free(p);
	return result;
}

static int
move_bad(struct depot *s, const char *id)
{
	if (durable_rename(s->queue, id, s->bad, id) == -1 ||
	    durable_sync_dir(s->bad) == -1)
		return -1;
	return durable_sync_dir(s->queue);
}

static void
entry_bad(struct depot *s, const struct known *k, const char *why)
{
	bool journal = k->place.generation != 0;
	struct logline l;

	log_begin(&l, LEVEL_ERROR, "damaged");
	log_word(&l, "qid", k->id);
	if ((journal ? copy_bad(s, k) : move_bad(s, k->id)) == -1)
		log_text(&l, "error", strerror(errno));
	else if (journal)
		feed_done(&s->feed, &k->place, k->id);
	log_text(&l, "why", why);
	log_end(&l);
}

static enum taken
entry_open(struct depot *s, const char *id, bool lock, int *fd_r)
{
	struct stat st;

	*fd_r = openat(s->queue, id, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
	    O_CLOEXEC);
	if (*fd_r == -1) {
		if (errno == ENOENT)
			return TAKEN_GONE;
		log_note(LEVEL_ERROR, "queue/%s: %s", id, strerror(errno));
		return TAKEN_NOT;
	}
	if (lock && flock(*fd_r, LOCK_EX | LOCK_NB) == -1) {
		if (errno == EWOULDBLOCK)
			return TAKEN_BUSY;
		log_note(LEVEL_ERROR, "queue/%s: lock: %s", id,
		    strerror(errno));
		return TAKEN_NOT;
	}
	/* submit takes the name away again if its sync failed. */
	if (fstat(*fd_r, &st) == -1 || st.st_nlink == 0)
		return TAKEN_GONE;
	return TAKEN;
}

/* The marks of one in the journal; entry_take has made room. */
static void
recall(struct entry *e)
{
	const struct known *k = e->known;
	struct mark *m;

	marks_init(e->mark, e->in.q.nrecipients);
	for (size_t i = 0; i < k->nkept; i++) {
		m = marks_at(e->mark, e->in.q.nrecipients, &k->kept[i]);
		if (m != NULL)
			*m = k->kept[i];
	}
}

/* And back. */
static void
keep(const struct entry *e)
{
	size_t i, n = 0, all = e->in.q.nrecipients + 1;
	struct known *k = e->known;

	for (i = 0; i < all; i++)
		n += e->mark[i].state != MARK_NONE;
	free(k->kept);
	k->kept = NULL;
	k->nkept = 0;
	if (n == 0)
		return;
	k->kept = xcalloc(n, sizeof *k->kept);
	for (i = 0; i < all; i++) {
		if (e->mark[i].state != MARK_NONE)
			k->kept[k->nkept++] = e->mark[i];
	}
}

static enum taken
entry_find(struct depot *s, struct entry *e, bool lock)
{
	const struct place *p = &e->known->place;

	e->fd = feed_fd(&s->feed, p);
	e->at = p->at + JFILE_HEAD;
	e->length = p->length;
	if (e->fd == -1) {
		log_note(LEVEL_ERROR, "%s: its segment is in use again",
		    e->known->id);
		return TAKEN_GONE;
	}
	return lock && !depot_alone(s) ? TAKEN_BUSY : TAKEN;
}

static enum taken
entry_read(struct depot *s, struct entry *e)
{
	const char *id = e->known->id, *why;
	size_t bad;

	if ((e->length == 0 ? qread_map(e->fd, &e->in, &why) :
	    qread_part(e->fd, e->at, e->length, &e->in, &why)) == -1) {
		if (errno != 0) {
			log_note(LEVEL_ERROR, "queue/%s: %s: %s", id, why,
			    strerror(errno));
			return TAKEN_NOT;
		}
		entry_bad(s, e->known, why);
		return TAKEN_BAD;
	}
	if (strcmp(e->in.q.id, id) != 0) {
		entry_bad(s, e->known,
		    "the identifier inside is another");
		return TAKEN_BAD;
	}
	e->mark = xcalloc(e->in.q.nrecipients + 1, sizeof *e->mark);
	e->unsaved = xcalloc(e->in.q.nrecipients + 1, sizeof *e->unsaved);
	e->busy = xcalloc(e->in.q.nrecipients, sizeof *e->busy);
	if (e->length != 0) {
		recall(e);
		return TAKEN;
	}
	if (marks_read(s->marks, id, e->mark, e->in.q.nrecipients,
	    &bad) == -1) {
		log_note(LEVEL_ERROR, "marks/%s: %s", id, strerror(errno));
		return TAKEN_NOT;
	}
	if (bad > 0)
		log_note(LEVEL_WARNING, "marks/%s: %zu torn or damaged "
		    "records are ignored", id, bad);
	return TAKEN;
}

enum taken
entry_take(struct depot *s, struct known *k, bool lock, struct entry **e_r)
{
	enum taken t;
	struct entry *e = xcalloc(1, sizeof *e);

	e->known = k;
	e->marks = -1;
	if (k->place.generation == 0)
		t = entry_open(s, k->id, lock, &e->fd);
	else
		t = entry_find(s, e, lock);
	if (t == TAKEN)
		t = entry_read(s, e);
	if (t != TAKEN) {
		entry_release(e);
		e = NULL;
	}
	*e_r = e;
	return t;
}

int
entry_save(struct depot *s, struct entry *e, size_t i)
{
	const char *id = e->known->id;
	int made;

	e->dirty = true;
	if (e->length != 0) {
		if (feed_save(&s->feed, &e->known->place, id,
		    &e->mark[i]) == 0) {
			e->unsaved[i] = false;
			return 0;
		}
		log_note(LEVEL_ERROR, "journal: mark of %s: %s", id,
		    strerror(errno));
		return -1;
	}
	if (e->marks == -1) {
		e->marks = marks_open(s->marks, id, &made);
		e->marks_made = e->marks != -1 && made;
	}
	if (e->marks == -1 ||
	    marks_append(e->marks, id, &e->mark[i]) == -1) {
		log_note(LEVEL_ERROR, "marks/%s: %s", id, strerror(errno));
		return -1;
	}
	e->unsaved[i] = false;
	return 0;
}

int
entry_save_all(struct depot *s, struct entry *e)
{
	size_t i;

	for (i = 0; i <= e->in.q.nrecipients; i++) {
		if (e->unsaved[i] && entry_save(s, e, i) == -1)
			return -1;
	}
	if (!e->dirty)
		return 0;
	e->dirty = false;
	if (e->length != 0) {
		if (feed_sync(&s->feed, &e->known->place) == 0)
			return 0;
		e->dirty = true;
		log_note(LEVEL_ERROR, "journal: marks: %s", strerror(errno));
		return -1;
	}
	if (durable_sync(e->marks) == -1 ||
	    (e->marks_made && durable_sync_dir(s->marks) == -1)) {
		e->dirty = true;
		log_note(LEVEL_ERROR, "marks/%s: sync: %s", e->known->id,
		    strerror(errno));
		return -1;
	}
	e->marks_made = false;
	return 0;
}

int
entry_done(struct depot *s, struct entry *e)
{
	const char *id = e->known->id;

	if (e->length != 0) {
		feed_done(&s->feed, &e->known->place, id);
		return 0;
	}
	if (durable_remove(s->queue, id) == -1) {
		log_note(LEVEL_ERROR, "queue/%s: %s", id, strerror(errno));
		return -1;
	}
	if (s->ngone == s->room) {
		s->room = s->room == 0 ? 64 : 2 * s->room;
		s->gone = xresize(s->gone, s->room, sizeof *s->gone);
	}
	memcpy(s->gone[s->ngone++], id, TRACE_ID);
	return 0;
}

void
entry_release(struct entry *e)
{
	if (e->known->place.generation != 0 && e->mark != NULL)
		keep(e);
	qread_unmap(&e->in);
	if (e->marks != -1)
		close(e->marks);
	if (e->fd != -1 && e->length == 0)
		close(e->fd);
	free(e->mark);
	free(e->unsaved);
	free(e->busy);
	free(e);
}

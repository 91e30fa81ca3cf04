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

int
depot_open(struct depot *s_r, const char *path, char *why_r, size_t size)
{
	memset(s_r, 0, sizeof *s_r);
	s_r->queue = s_r->marks = s_r->bad = s_r->lock = -1;
	s_r->top = open_dir(AT_FDCWD, path);
	if (s_r->top == -1 ||
	    durable_mkdir(s_r->top, "queue") == -1 ||
	    durable_mkdir(s_r->top, "marks") == -1 ||
	    durable_mkdir(s_r->top, "bad") == -1 ||
	    (s_r->queue = open_dir(s_r->top, "queue")) == -1 ||
	    (s_r->marks = open_dir(s_r->top, "marks")) == -1 ||
	    (s_r->bad = open_dir(s_r->top, "bad")) == -1 ||
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
	return 0;
}

void
depot_close(struct depot *s)
{
	int *all[] = { &s->top, &s->queue, &s->marks, &s->bad, &s->lock };
	size_t i;

	for (i = 0; i < ARRAY_LEN(all); i++) {
		if (*all[i] != -1)
			close(*all[i]);
		*all[i] = -1;
	}
	free(s->gone);
	s->gone = NULL;
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

static void
entry_bad(struct depot *s, const char *id, const char *why)
{
	struct logline l;

	log_begin(&l, LEVEL_ERROR, "damaged");
	log_word(&l, "qid", id);
	if (durable_rename(s->queue, id, s->bad, id) == -1 ||
	    durable_sync_dir(s->bad) == -1 ||
	    durable_sync_dir(s->queue) == -1)
		log_text(&l, "error", strerror(errno));
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

static enum taken
entry_read(struct depot *s, struct entry *e)
{
	const char *id = e->known->id, *why;
	size_t bad;

	if (qread_map(e->fd, &e->in, &why) == -1) {
		if (errno != 0) {
			log_note(LEVEL_ERROR, "queue/%s: %s: %s", id, why,
			    strerror(errno));
			return TAKEN_NOT;
		}
		entry_bad(s, id, why);
		return TAKEN_BAD;
	}
	if (strcmp(e->in.q.id, id) != 0) {
		entry_bad(s, id, "the identifier inside is another");
		return TAKEN_BAD;
	}
	e->mark = xcalloc(e->in.q.nrecipients, sizeof *e->mark);
	e->unsaved = xcalloc(e->in.q.nrecipients, sizeof *e->unsaved);
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
	t = entry_open(s, k->id, lock, &e->fd);
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

	for (i = 0; i < e->in.q.nrecipients; i++) {
		if (e->unsaved[i] && entry_save(s, e, i) == -1)
			return -1;
	}
	if (e->marks == -1)
		return 0;
	if (durable_sync(e->marks) == -1 ||
	    (e->marks_made && durable_sync_dir(s->marks) == -1)) {
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
	qread_unmap(&e->in);
	if (e->marks != -1)
		close(e->marks);
	if (e->fd != -1)
		close(e->fd);
	free(e->mark);
	free(e->unsaved);
	free(e);
}

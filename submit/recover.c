/*
 * recover - see recover.h.
 *
 * Entries are read with distrust: what a disk gives back after a power cut is
 * not what was written.
 */
#include "config.h"

#include <sys/file.h>
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/durable.h"
#include "lib/log.h"
#include "lib/qfile.h"
#include "lib/xalloc.h"
#include "submit/queue.h"
#include "submit/recover.h"

/* Of larger entries deliver checks the sum, before it delivers. */
#define RECOVER_SUM_MOST (1024 * 1024)

struct recover {
	struct spool *spool;
	DIR *dir;
	size_t good, bad;
	bool done;
};

static void
report(enum log_level level, const char *what, const char *where,
    const char *name, const char *why)
{
	struct logline l;

	log_begin(&l, level, what);
	log_word(&l, "in", where);
	log_text(&l, "name", name);
	log_text(&l, "why", why);
	log_end(&l);
}

static DIR *
open_again(int dir)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d;

	if (fd == -1)
		return NULL;
	d = fdopendir(fd);
	if (d == NULL)
		close(fd);
	return d;
}

static bool
is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Without waiting: a FIFO that somebody left there has no writer. */
static int
open_entry(int dir, const char *name)
{
	return openat(dir, name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
}

/* 1 removed, 0 left alone, -1 with errno. */
static int
clean_one(struct spool *s, const char *name)
{
	int fd = open_entry(s->tmp, name), result = 0;

	if (fd == -1 && errno == ENOENT)
		return 0;
	if (fd != -1 && flock(fd, LOCK_EX | LOCK_NB) != 0) {
		close(fd);
		return 0;
	}
	/* Removed under the lock: its maker looks whether it is still there. */
	if (durable_remove(s->tmp, name) == 0) {
		report(LEVEL_WARNING, "abandoned", "tmp", name,
		    "never accepted; removed");
		result = 1;
	} else {
		int error = errno;

		report(LEVEL_ERROR, "abandoned", "tmp", name,
		    strerror(error));
		result = error == EISDIR || error == EPERM ? 0 : -1;
		errno = error;
	}
	if (fd != -1)
		close(fd);
	return result;
}

int
recover_tmp(struct spool *s)
{
	DIR *d = open_again(s->tmp);
	const struct dirent *de;
	int removed = 0, result = 0;

	if (d == NULL)
		return -1;
	while (result != -1 && (errno = 0, de = readdir(d)) != NULL) {
		if (is_dots(de->d_name))
			continue;
		result = clean_one(s, de->d_name);
		if (result == 1)
			removed++;
	}
	if (errno != 0 && de == NULL)
		result = -1;
	closedir(d);
	return result == -1 ? -1 : removed;
}

struct recover *
recover_begin(struct spool *s)
{
	struct recover *r = xcalloc(1, sizeof(*r));

	r->spool = s;
	r->dir = open_again(s->queue);
	if (r->dir == NULL) {
		report(LEVEL_ERROR, "recover", "queue", "", strerror(errno));
		r->done = true;
	}
	return r;
}

static uint64_t
number(const unsigned char *p)
{
	uint64_t n = 0;

	for (int i = 7; i >= 0; i--)
		n = n << 8 | p[i];
	return n;
}

/* Whether the file's end is a trailer that fits its length. */
static const char *
check_trailer(int fd, off_t size)
{
	unsigned char got[QFILE_TRAILER], want[QFILE_TRAILER];
	uint64_t header, message, most = (uint64_t)size;

	if (size < QFILE_TRAILER || pread(fd, got, sizeof(got),
	    size - QFILE_TRAILER) != (ssize_t)sizeof(got))
		return "no trailer";
	header = number(got + 8);
	message = number(got + 16);
	/* The format's own writer says how a trailer looks. */
	qfile_trailer(want, header, message, number(got + 24));
	if (memcmp(got, want, sizeof(got)) != 0 || header > most ||
	    message > most || header + message + QFILE_TRAILER != most)
		return "the trailer is wrong";
	return NULL;
}

/* Read, not mapped: a bad block must be an error here and not a signal. */
static const char *
check_sum(int fd, size_t size, const char *name)
{
	struct qfile q;
	const char *why = NULL;
	void *p = xmalloc(size);

	if (pread(fd, p, size, 0) != (ssize_t)size) {
		why = "cannot be read";
	} else if (qfile_parse(p, size, &q, &why) == 0) {
		why = strcmp(q.id, name) == 0 ? NULL :
		    "it has another entry's name";
		qfile_free(&q);
	}
	free(p);
	return why;
}

/* What is wrong with an entry; null: nothing. */
static const char *
check_entry(int fd, const char *name)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return strerror(errno);
	if (!S_ISREG(st.st_mode))
		return "not a file";
	if (!queue_id_good(name))
		return "not the name of an entry";
	if (st.st_size > RECOVER_SUM_MOST || st.st_size < QFILE_TRAILER)
		return check_trailer(fd, st.st_size);
	return check_sum(fd, (size_t)st.st_size, name);
}

static void
check_one(struct recover *r, const char *name)
{
	struct spool *s = r->spool;
	int fd = open_entry(s->queue, name);
	const char *why;

	if (fd == -1 && errno == ENOENT)
		return;
	if (fd != -1 && flock(fd, LOCK_EX | LOCK_NB) != 0) {
		close(fd);
		r->good++;	/* deliver has it, and checked it */
		return;
	}
	why = fd == -1 ? strerror(errno) : check_entry(fd, name);
	if (why == NULL) {
		r->good++;
	} else if (durable_rename(s->queue, name, s->bad, name) == 0) {
		report(LEVEL_ERROR, "damaged", "queue", name, why);
		r->bad++;
	} else if (errno != ENOENT) {
		report(LEVEL_ERROR, "damaged", "queue", name,
		    strerror(errno));
	}
	if (fd != -1)
		close(fd);
}

static void
finish(struct recover *r)
{
	struct logline l;

	/* Also names that a submit made that was killed before its sync. */
	if (durable_sync_dir(r->spool->queue) != 0 ||
	    durable_sync_dir(r->spool->bad) != 0)
		report(LEVEL_ERROR, "recover", "queue", "", strerror(errno));
	log_begin(&l, LEVEL_INFO, "recovered");
	log_num(&l, "good", (int64_t)r->good);
	log_num(&l, "bad", (int64_t)r->bad);
	log_end(&l);
	closedir(r->dir);
	r->dir = NULL;
	r->done = true;
}

bool
recover_step(struct recover *r)
{
	const struct dirent *de;

	if (r->done)
		return false;
	de = readdir(r->dir);
	if (de == NULL)
		finish(r);
	else if (!is_dots(de->d_name))
		check_one(r, de->d_name);
	return !r->done;
}

void
recover_end(struct recover *r)
{
	if (r == NULL)
		return;
	if (r->dir != NULL)
		closedir(r->dir);
	free(r);
}

/*
 * trash - see trash.h.  Runs as the submit user.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "chans/trash.h"
#include "lib/clock.h"
#include "lib/durable.h"
#include "lib/fdio.h"
#include "lib/log.h"

#define NAME (TRACE_ID + 8)

/* A file of its own for one of the journal. */
static int
keep_copy(struct depot *s, const struct entry *e)
{
	int fd = durable_create(s->trash, e->known->id), result = -1;

	if (fd == -1)
		return -1;
	if (fd_pwrite(fd, e->in.map, e->in.len, 0) == 0)
		result = durable_sync(fd);
	close(fd);
	return result;
}

static int
keep_marks(struct depot *s, const struct entry *e, const char *name)
{
	size_t i, n = e->in.q.nrecipients + 1;
	int fd = -1, made, result = 0;

	for (i = 0; i < n && result == 0; i++) {
		if (e->mark[i].state == MARK_NONE)
			continue;
		if (fd == -1)
			fd = marks_open(s->trash, name, &made);
		result = fd == -1 ? -1 :
		    marks_append(fd, e->known->id, &e->mark[i]);
	}
	if (fd != -1 && result == 0)
		result = durable_sync(fd);
	if (fd != -1)
		close(fd);
	return result;
}

int
trash_keep(struct depot *s, struct entry *e)
{
	const char *id = e->known->id;
	char name[NAME];

	snprintf(name, sizeof name, "%s.marks", id);
	if (durable_remove(s->trash, id) == -1 ||
	    durable_remove(s->trash, name) == -1 ||
	    keep_marks(s, e, name) == -1 ||
	    (e->length != 0 ? keep_copy(s, e) :
	    durable_link(s->queue, id, s->trash, id)) == -1)
		return -1;
	return durable_sync_dir(s->trash);
}

void
trash_purge(struct depot *s, int64_t ms)
{
	int64_t now = clock_wall_us() / 1000;
	struct dirent *f;
	struct stat st;
	DIR *list;
	int fd;

	fd = openat(s->trash, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	list = fd == -1 ? NULL : fdopendir(fd);
	if (list == NULL) {
		log_note(LEVEL_ERROR, "trash/: %s", strerror(errno));
		if (fd != -1)
			close(fd);
		return;
	}
	while ((f = readdir(list)) != NULL) {
		if (f->d_name[0] == '.' || fstatat(s->trash, f->d_name, &st,
		    AT_SYMLINK_NOFOLLOW) == -1)
			continue;
		/* Its status changed when it came here. */
		if (st.st_ctim.tv_sec * INT64_C(1000) + ms > now)
			continue;
		if (durable_remove(s->trash, f->d_name) == -1)
			log_note(LEVEL_ERROR, "trash/%s: %s", f->d_name,
			    strerror(errno));
	}
	closedir(list);
}

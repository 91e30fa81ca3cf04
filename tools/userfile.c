/*
 * userfile - changes the password file: one row, with all others as they are.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/clock.h"
#include "lib/durable.h"
#include "lib/fdio.h"
#include "tools/userfile.h"

#define FOLDER_MOST 256

struct userfile {
	int dir, old;		/* old -1: there is none */
	const char *name;	/* within the folder */
	char temporary[300];
	struct stat st;		/* of the old one */
	/* Of the new text. */
	const struct passrow *row;
	enum userfile_change change;
	struct buf text;
	bool found, full;
};

static void
add(struct userfile *u, const char *p, size_t len)
{
	if (buf_add(&u->text, p, len) == -1 ||
	    buf_addc(&u->text, '\n') == -1)
		u->full = true;
}

static void
add_row(struct userfile *u)
{
	if (passrow_format(u->row, &u->text) == -1)
		u->full = true;
}

/* What cannot be understood, and what is a comment, stays. */
static void
line(struct userfile *u, const char *p, size_t len)
{
	size_t n = strlen(u->row->login);

	if (len <= n || memcmp(p, u->row->login, n) != 0 || p[n] != ':') {
		add(u, p, len);
		return;
	}
	if (u->change == USERFILE_REPLACE && !u->found)
		add_row(u);
	u->found = true;
}

static int
read_old(struct userfile *u, struct buf *b)
{
	if (buf_reserve(b, (size_t)u->st.st_size + 1) == -1) {
		errno = EFBIG;
		return -1;
	}
	if (u->st.st_size > 0 && fd_read(u->old, b->p, (size_t)u->st.st_size,
	    CLOCK_NEVER) == -1)
		return -1;
	b->len = (size_t)u->st.st_size;
	return 0;
}

static int
make_text(struct userfile *u)
{
	struct buf old;
	int result = 0;

	buf_init(&old, PASSWORDS_MOST);
	if (u->old != -1)
		result = read_old(u, &old);
	for (size_t at = 0; result == 0 && at < old.len;) {
		const char *p = old.p + at, *end = memchr(p, '\n',
		    old.len - at);
		size_t len = end != NULL ? (size_t)(end - p) : old.len - at;

		line(u, p, len);
		at += len + 1;
	}
	if (result == 0 && u->change == USERFILE_ADD)
		add_row(u);
	if (old.p != NULL)
		explicit_bzero(old.p, old.room);
	buf_free(&old);
	if (result == 0 && u->full) {
		errno = EFBIG;
		result = -1;
	}
	return result;
}

/* As the old one was; a new one is its owner's alone. */
static int
make_like(const struct userfile *u, int fd, const struct proc_user *owner)
{
	uid_t uid = u->old != -1 ? u->st.st_uid : owner->uid;
	gid_t gid = u->old != -1 ? u->st.st_gid : owner->gid;
	mode_t mode = u->old != -1 ? u->st.st_mode & 07777 : 0600;
	struct stat st;

	if (fstat(fd, &st) == -1)
		return -1;
	if (uid != (uid_t)-1 && (uid != st.st_uid || gid != st.st_gid) &&
	    fchown(fd, uid, gid) == -1)
		return -1;
	return fchmod(fd, mode);
}

static int
replace(struct userfile *u, const struct proc_user *owner)
{
	int fd, result = -1, saved;

	if (durable_remove(u->dir, u->temporary) == -1)
		return -1;
	fd = durable_create(u->dir, u->temporary);
	if (fd == -1)
		return -1;
	if (make_like(u, fd, owner) == 0 && fd_pwrite(fd, u->text.p,
	    u->text.len, 0) == 0 && durable_sync(fd) == 0 &&
	    durable_replace(u->dir, u->temporary, u->name) == 0)
		result = durable_sync_dir(u->dir);
	saved = errno;
	if (result == -1)
		(void)!durable_remove(u->dir, u->temporary);
	close(fd);
	errno = saved;
	return result;
}

/* The folder, locked, and the file in it. */
static int
open_old(struct userfile *u, const char *path)
{
	char folder[FOLDER_MOST];
	const char *slash = strrchr(path, '/');

	if (slash == NULL || (size_t)(slash - path) >= sizeof(folder)) {
		errno = EINVAL;
		return -1;
	}
	snprintf(folder, sizeof(folder), "%.*s", slash == path ? 1 :
	    (int)(slash - path), path);
	u->name = slash + 1;
	snprintf(u->temporary, sizeof(u->temporary), ".%s.new", u->name);
	u->dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (u->dir == -1 || flock(u->dir, LOCK_EX) == -1)
		return -1;
	u->old = openat(u->dir, u->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC |
	    O_NONBLOCK);
	if (u->old == -1)
		return errno == ENOENT && u->change == USERFILE_ADD ? 0 : -1;
	if (fstat(u->old, &u->st) == -1)
		return -1;
	if (!S_ISREG(u->st.st_mode)) {
		errno = EINVAL;
		return -1;
	}
	return 0;
}

static enum userfile_result
run(struct userfile *u, const char *path, const struct proc_user *owner)
{
	if (open_old(u, path) == -1)
		return u->dir != -1 && errno == ENOENT ?
		    USERFILE_NOT_THERE : USERFILE_FAILED;
	if (make_text(u) == -1)
		return USERFILE_FAILED;
	if (u->found && u->change == USERFILE_ADD)
		return USERFILE_THERE;
	if (!u->found && u->change != USERFILE_ADD)
		return USERFILE_NOT_THERE;
	return replace(u, owner) == -1 ? USERFILE_FAILED : USERFILE_DONE;
}

enum userfile_result
userfile_change(const char *path, enum userfile_change change,
    const struct passrow *row, const struct proc_user *owner, char *why_r,
    size_t size)
{
	struct userfile u = { .dir = -1, .old = -1, .row = row,
		.change = change };
	enum userfile_result result;

	buf_init(&u.text, PASSWORDS_MOST);
	result = run(&u, path, owner);
	if (result == USERFILE_FAILED)
		snprintf(why_r, size, "%s: %s", path, strerror(errno));
	if (u.text.p != NULL)
		explicit_bzero(u.text.p, u.text.room);
	buf_free(&u.text);
	if (u.old != -1)
		close(u.old);
	if (u.dir != -1)
		close(u.dir);
	return result;
}

/*
 * spool - see spool.h.
 *
 * Runs as the submit user, before the filter.
 */
#include "config.h"

#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <string.h>
#include <unistd.h>

#include "lib/durable.h"
#include "submit/spool.h"

#define SPOOL_FUSE 0x65735546	/* linux/magic.h has it only since 6.6 */
#define SPOOL_CIFS 0xff534d42

static int
open_beneath(int dir, const char *name)
{
	struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW,
		.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS
	};

	return (int)syscall(SYS_openat2, dir, name, &how, sizeof(how));
}

static int
refuse(struct buf *why_r, const char *name, const char *what)
{
	(void)!buf_addf(why_r, "%s: %s", name, what);
	return -1;
}

/* Nobody but us may make, move or remove names in it. */
static int
check_ours(int fd, const char *name, struct buf *why_r)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return refuse(why_r, name, strerror(errno));
	if (st.st_uid != geteuid())
		return refuse(why_r, name, "is not the submit user's");
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return refuse(why_r, name, "others may write to it");
	return 0;
}

static int
open_part(const struct spool *s, const char *name, int *fd_r,
    struct buf *why_r)
{
	if (durable_mkdir(s->top, name) != 0)
		return refuse(why_r, name, strerror(errno));
	*fd_r = open_beneath(s->top, name);
	if (*fd_r == -1)
		return refuse(why_r, name, strerror(errno));
	return check_ours(*fd_r, name, why_r);
}

/* A missing folder above it is the administrator's to make. */
static int
make_top(const char *path)
{
	const char *slash = strrchr(path, '/');
	char above[PATH_MAX];
	int dir, result, error;

	if (slash == NULL || slash == path || slash[1] == '\0' ||
	    (size_t)(slash - path) >= sizeof(above)) {
		errno = ENOENT;
		return -1;
	}
	memcpy(above, path, (size_t)(slash - path));
	above[slash - path] = '\0';
	dir = open_beneath(AT_FDCWD, above);
	if (dir == -1)
		return -1;
	result = durable_mkdir(dir, slash + 1);
	error = errno;
	close(dir);
	errno = error;
	return result;
}

int
spool_open(struct spool *s_r, const char *path, struct buf *why_r)
{
	*s_r = (struct spool){ .top = -1, .tmp = -1, .queue = -1,
		.marks = -1, .bad = -1, .journal = -1 };

	s_r->top = open_beneath(AT_FDCWD, path);
	if (s_r->top == -1 && errno == ENOENT && make_top(path) == 0)
		s_r->top = open_beneath(AT_FDCWD, path);
	if (s_r->top == -1)
		return refuse(why_r, path, errno == ELOOP ?
		    "a symbolic link stands in the path" : strerror(errno));
	if (check_ours(s_r->top, path, why_r) != 0 ||
	    open_part(s_r, "tmp", &s_r->tmp, why_r) != 0 ||
	    open_part(s_r, "queue", &s_r->queue, why_r) != 0 ||
	    open_part(s_r, "marks", &s_r->marks, why_r) != 0 ||
	    open_part(s_r, "bad", &s_r->bad, why_r) != 0 ||
	    open_part(s_r, "journal", &s_r->journal, why_r) != 0) {
		spool_close(s_r);
		return -1;
	}
	return 0;
}

static void
close_one(int *fd)
{
	if (*fd != -1)
		close(*fd);
	*fd = -1;
}

void
spool_close(struct spool *s)
{
	close_one(&s->journal);
	close_one(&s->bad);
	close_one(&s->marks);
	close_one(&s->queue);
	close_one(&s->tmp);
	close_one(&s->top);
}

const char *
spool_doubt(const struct spool *s)
{
	struct statfs fs;

	if (fstatfs(s->queue, &fs) != 0)
		return strerror(errno);
	switch ((unsigned long)fs.f_type & 0xffffffffUL) {
	case NFS_SUPER_MAGIC:
	case SPOOL_CIFS:
		return "on a network file system neither syncs nor locks hold:"
		    " accepted mail can be lost or delivered twice";
	case TMPFS_MAGIC:
		return "tmpfs: mail is gone when the machine stops";
	case OVERLAYFS_SUPER_MAGIC:
		return "overlay: mail is gone with the container";
	case SPOOL_FUSE:
		return "FUSE: whether a sync is one depends on its program";
	default:
		return NULL;
	}
}

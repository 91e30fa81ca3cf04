/*
 * durable - the only file that syncs, links, renames and removes names.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/durable.h"

int
durable_create(int dir, const char *name)
{
	return openat(dir, name,
	    O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
}

void
durable_start(int fd)
{
	sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
}

int
durable_sync(int fd)
{
	return fsync(fd);
}

int
durable_data(int fd)
{
	return fdatasync(fd);
}

int
durable_sync_dir(int dir)
{
	return fsync(dir);
}

int
durable_link(int fromdir, const char *from, int todir, const char *to)
{
	return linkat(fromdir, from, todir, to, 0);
}

int
durable_rename(int fromdir, const char *from, int todir, const char *to)
{
	if (renameat2(fromdir, from, todir, to, RENAME_NOREPLACE) == 0)
		return 0;
	/* Some file systems (NFS) know no flags; link refuses a taken name. */
	if (errno != EINVAL ||
	    durable_link(fromdir, from, todir, to) == -1)
		return -1;
	return unlinkat(fromdir, from, 0);
}

int
durable_replace(int dir, const char *from, const char *to)
{
	return renameat(dir, from, dir, to);
}

int
durable_remove(int dir, const char *name)
{
	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
		return 0;
	return -1;
}

int
durable_mkdir(int dir, const char *name)
{
	struct stat st;

	if (mkdirat(dir, name, 0700) == -1) {
		if (errno != EEXIST ||
		    fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == -1)
			return -1;
		if (!S_ISDIR(st.st_mode)) {
			errno = ENOTDIR;
			return -1;
		}
	}
	return durable_sync_dir(dir);
}

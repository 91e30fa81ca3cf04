/*
 * t_durable - names are made, moved and removed without taking another's.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/durable.h"
#include "tests/tap.h"

int
main(void)
{
	const char *tmp = getenv("TMPDIR");
	char path[200];
	struct stat st;
	int dir, sub, fd;

	snprintf(path, sizeof(path), "%s/t_durableXXXXXX", tmp ? tmp : "/tmp");
	if (mkdtemp(path) == NULL)
		return 1;
	dir = open(path, O_RDONLY | O_DIRECTORY);
	num(durable_mkdir(dir, "d"), 0, "a directory");
	ok(fstatat(dir, "d", &st, 0) == 0 && (st.st_mode & 0777) == 0700,
	    "for the owner alone");
	num(durable_mkdir(dir, "d"), 0, "again is fine");
	sub = openat(dir, "d", O_RDONLY | O_DIRECTORY);

	umask(0);
	fd = durable_create(dir, "a");
	ok(fd != -1 && fstat(fd, &st) == 0 && (st.st_mode & 0777) == 0600,
	    "a file for the owner alone");
	ok(fcntl(fd, F_GETFD) == FD_CLOEXEC, "close-on-exec");
	num(durable_create(dir, "a"), -1, "not a second time");
	num(errno, EEXIST, "the name is taken");
	ok(symlinkat("gone", dir, "l") == 0 && durable_create(dir, "l") == -1,
	    "nor through a link");
	num(durable_mkdir(dir, "a"), -1, "a file is no directory");
	num(errno, ENOTDIR, "and said to be none");
	ok(write(fd, "x", 1) == 1, "written");
	durable_start(fd);
	num(durable_sync(fd), 0, "synced");
	num(durable_sync_dir(dir), 0, "directory synced");
	num(durable_sync(-1), -1, "an error of sync is given back");

	num(durable_rename(dir, "a", sub, "b"), 0, "renamed");
	ok(fstatat(dir, "a", &st, 0) == -1 && fstatat(sub, "b", &st, 0) == 0,
	    "and moved");
	num(durable_link(sub, "b", dir, "c"), 0, "linked");
	num(durable_rename(dir, "c", sub, "b"), -1, "not over another");
	num(errno, EEXIST, "the name is taken");
	num(durable_link(dir, "c", sub, "b"), -1, "nor linked");
	num(durable_rename(dir, "none", sub, "n"), -1, "nothing to rename");
	num(durable_remove(dir, "c"), 0, "removed");
	num(durable_remove(dir, "c"), 0, "gone already: fine");
	num(durable_remove(dir, "d"), -1, "a directory is not removed");

	close(fd);
	ok(durable_remove(sub, "b") == 0 && durable_remove(dir, "l") == 0 &&
	    unlinkat(dir, "d", AT_REMOVEDIR) == 0 && rmdir(path) == 0,
	    "nothing is left");
	return done();
}

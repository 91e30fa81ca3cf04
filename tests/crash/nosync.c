/*
 * nosync - loaded before libc, makes syncs do nothing: the negative control
 * of powercut.py.
 */
#define _GNU_SOURCE 1

int fsync(int fd);
int fdatasync(int fd);
int sync_file_range(int fd, long at, long len, unsigned int flags);

int
fsync(int fd)
{
	(void)fd;
	return 0;
}

int
fdatasync(int fd)
{
	(void)fd;
	return 0;
}

int
sync_file_range(int fd, long at, long len, unsigned int flags)
{
	(void)fd;
	(void)at;
	(void)len;
	(void)flags;
	return 0;
}

/*
 * everycall - loaded before libc, counts the calls of one program and makes
 * the ones fail that it is told to.
 *
 *	EVERYCALL	a file of 4096 bytes, struct orders
 *
 * It is mapped before the program confines itself.  Whoever starts the program
 * sets it up, and sees there what failed (everyfault.py).
 */
#define _GNU_SOURCE 1
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/uio.h>
#include <unistd.h>

#define SHORT 9999		/* no error: one byte is taken */
#define FAULTS 2
#define NAME 24

static struct orders {
	char program[NAME];
	_Atomic int armed, count, hits;
	int nth[FAULTS], error[FAULTS];
	char hit[FAULTS][NAME];
} none, *orders = &none;

void everycall_begin(void);

/* What the linker is told to run first: -Wl,-init,everycall_begin. */
void
everycall_begin(void)
{
	const char *path = getenv("EVERYCALL");
	int fd = path != NULL ? (int)(intptr_t)open(path, O_RDWR | O_CLOEXEC) :
	    -1;
	void *p;

	if (fd < 0)
		return;
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (p != MAP_FAILED && strcmp(((struct orders *)p)->program,
	    program_invocation_short_name) == 0)
		orders = p;
}

/* 0: go on; SHORT; or an error for errno. */
static int
fault(const char *name)
{
	int n;

	if (!orders->armed)
		return 0;
	n = ++orders->count;
	for (int i = 0; i < FAULTS; i++)
		if (orders->nth[i] == n) {
			orders->hits++;
			memcpy(orders->hit[i], name, strnlen(name, NAME - 1));
			return orders->error[i];
		}
	return 0;
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define FAIL(name, failure, ...) do {					\
		static __typeof__(&name) next;				\
		int bad = fault(#name);					\
									\
		if (next == NULL)					\
			next = NEXT(name);				\
		if (bad == 0 || bad == SHORT)				\
			return next(__VA_ARGS__);			\
		errno = bad;						\
		return failure;						\
	} while (0)
/* Those that may take less than they were given. */
#define CUT(name, len, whole, part) do {				\
		static __typeof__(&name) next;				\
		int bad = fault(#name);					\
									\
		if (next == NULL)					\
			next = NEXT(name);				\
		if (bad == SHORT && (len) > 1)				\
			return next part;				\
		if (bad == 0 || bad == SHORT)				\
			return next whole;				\
		errno = bad;						\
		return -1;						\
	} while (0)

int
openat(int dir, const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = va_arg(ap, mode_t);
	va_end(ap);
	FAIL(openat, -1, dir, path, flags, mode);
}

int
open(const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = va_arg(ap, mode_t);
	va_end(ap);
	FAIL(open, -1, path, flags, mode);
}

/* It is closed even if that fails. */
int
close(int fd)
{
	static __typeof__(&close) next;
	int bad = fault("close"), got;

	if (next == NULL)
		next = NEXT(close);
	got = next(fd);
	if (bad == 0 || bad == SHORT)
		return got;
	errno = bad;
	return -1;
}

ssize_t
read(int fd, void *p, size_t len)
{
	CUT(read, len, (fd, p, len), (fd, p, 1));
}

ssize_t
pread(int fd, void *p, size_t len, off_t at)
{
	CUT(pread, len, (fd, p, len, at), (fd, p, 1, at));
}

ssize_t
write(int fd, const void *p, size_t len)
{
	CUT(write, len, (fd, p, len), (fd, p, 1));
}

ssize_t
pwrite(int fd, const void *p, size_t len, off_t at)
{
	CUT(pwrite, len, (fd, p, len, at), (fd, p, 1, at));
}

ssize_t
writev(int fd, const struct iovec *iov, int n)
{
	static __typeof__(&writev) next;
	int bad = fault("writev");

	if (next == NULL)
		next = NEXT(writev);
	if (bad == SHORT && n > 0 && iov->iov_len > 0)
		return write(fd, iov->iov_base, 1);
	if (bad == 0 || bad == SHORT)
		return next(fd, iov, n);
	errno = bad;
	return -1;
}

ssize_t
recv(int fd, void *p, size_t len, int flags)
{
	CUT(recv, len, (fd, p, len, flags), (fd, p, 1, flags));
}

ssize_t
send(int fd, const void *p, size_t len, int flags)
{
	CUT(send, len, (fd, p, len, flags), (fd, p, 1, flags));
}

ssize_t
recvmsg(int fd, struct msghdr *m, int flags)
{
	FAIL(recvmsg, -1, fd, m, flags);
}

ssize_t
sendmsg(int fd, const struct msghdr *m, int flags)
{
	FAIL(sendmsg, -1, fd, m, flags);
}

int
accept4(int fd, struct sockaddr *sa, socklen_t *len, int flags)
{
	FAIL(accept4, -1, fd, sa, len, flags);
}

int
fsync(int fd)
{
	FAIL(fsync, -1, fd);
}

int
fdatasync(int fd)
{
	FAIL(fdatasync, -1, fd);
}

int
sync_file_range(int fd, off_t at, off_t len, unsigned int flags)
{
	FAIL(sync_file_range, -1, fd, at, len, flags);
}

int
renameat(int a, const char *from, int b, const char *to)
{
	FAIL(renameat, -1, a, from, b, to);
}

int
renameat2(int a, const char *from, int b, const char *to, unsigned int flags)
{
	FAIL(renameat2, -1, a, from, b, to, flags);
}

int
linkat(int a, const char *from, int b, const char *to, int flags)
{
	FAIL(linkat, -1, a, from, b, to, flags);
}

int
unlinkat(int dir, const char *path, int flags)
{
	FAIL(unlinkat, -1, dir, path, flags);
}

int
mkdirat(int dir, const char *path, mode_t mode)
{
	FAIL(mkdirat, -1, dir, path, mode);
}

int
fstat(int fd, struct stat *st)
{
	FAIL(fstat, -1, fd, st);
}

int
fstatat(int dir, const char *path, struct stat *st, int flags)
{
	FAIL(fstatat, -1, dir, path, st, flags);
}

int
fstatfs(int fd, struct statfs *st)
{
	FAIL(fstatfs, -1, fd, st);
}

int
ftruncate(int fd, off_t len)
{
	FAIL(ftruncate, -1, fd, len);
}

int
flock(int fd, int how)
{
	FAIL(flock, -1, fd, how);
}

void *
mmap(void *at, size_t len, int prot, int flags, int fd, off_t off)
{
	FAIL(mmap, MAP_FAILED, at, len, prot, flags, fd, off);
}

int
epoll_wait(int ep, struct epoll_event *e, int n, int ms)
{
	FAIL(epoll_wait, -1, ep, e, n, ms);
}

int
epoll_ctl(int ep, int op, int fd, struct epoll_event *e)
{
	FAIL(epoll_ctl, -1, ep, op, fd, e);
}

int
poll(struct pollfd *p, nfds_t n, int ms)
{
	FAIL(poll, -1, p, n, ms);
}

int
socket(int domain, int type, int protocol)
{
	FAIL(socket, -1, domain, type, protocol);
}

int
connect(int fd, const struct sockaddr *sa, socklen_t len)
{
	FAIL(connect, -1, fd, sa, len);
}

DIR *
fdopendir(int fd)
{
	FAIL(fdopendir, NULL, fd);
}

struct dirent *
readdir(DIR *d)
{
	FAIL(readdir, NULL, d);
}

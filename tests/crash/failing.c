/*
 * failing - loaded before libc, makes calls fail as it is told, and the load
 * average what a test wants.
 *
 *	FAILING		file with "CALL ERRNO N": the next N times CALL fails
 *	FAILING_LOAD	file with the load average in hundredths
 *
 * The file is mapped, so that a test sees how many failures are left.
 */
#define _GNU_SOURCE 1
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/sysinfo.h>
#include <unistd.h>

struct order {
	char call[16];		/* NUL-padded */
	_Atomic int error, left;
};

static struct order *
order(void)
{
	static struct order none, *mapped;
	const char *path = getenv("FAILING");
	int fd;

	if (mapped != NULL)
		return mapped;
	mapped = &none;
	fd = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;
	if (fd >= 0) {
		void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED,
		    fd, 0);

		if (p != MAP_FAILED)
			mapped = p;
		close(fd);
	}
	return mapped;
}

static int
fails(const char *call)
{
	struct order *o = order();

	if (o->left <= 0 || strncmp(o->call, call, sizeof(o->call)) != 0)
		return 0;
	o->left--;
	errno = o->error;
	return 1;
}

static void *
real(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}

int
accept4(int fd, struct sockaddr *sa, socklen_t *len, int flags)
{
	int (*f)(int, struct sockaddr *, socklen_t *, int) = real("accept4");
	int got = f(fd, sa, len, flags);

	/* As the kernel does it: the client may be gone, or wait. */
	if (got >= 0 && fails("accept4")) {
		int error = errno;

		close(got);
		errno = error;
		return -1;
	}
	return got;
}

int
socketpair(int domain, int type, int protocol, int pair[2])
{
	int (*f)(int, int, int, int *) = real("socketpair");

	return fails("socketpair") ? -1 : f(domain, type, protocol, pair);
}

int
epoll_ctl(int ep, int op, int fd, struct epoll_event *e)
{
	int (*f)(int, int, int, struct epoll_event *) = real("epoll_ctl");

	/* Only what is about one connection: edge cases, not the start. */
	return op == EPOLL_CTL_ADD && fails("epoll_ctl") ? -1 :
	    f(ep, op, fd, e);
}

ssize_t
sendmsg(int fd, const struct msghdr *m, int flags)
{
	ssize_t (*f)(int, const struct msghdr *, int) = real("sendmsg");

	return fails("sendmsg") ? -1 : f(fd, m, flags);
}

ssize_t
getrandom(void *p, size_t size, unsigned int flags)
{
	ssize_t (*f)(void *, size_t, unsigned int) = real("getrandom");

	return fails("getrandom") ? -1 : f(p, size, flags);
}

pid_t
fork(void)
{
	pid_t (*f)(void) = real("fork");

	return fails("fork") ? -1 : f();
}

int
sysinfo(struct sysinfo *s)
{
	int (*f)(struct sysinfo *) = real("sysinfo");
	const char *path = getenv("FAILING_LOAD");
	int got = f(s), hundredths;
	FILE *file;

	file = got == 0 && path != NULL ? fopen(path, "re") : NULL;
	if (file != NULL) {
		if (fscanf(file, "%d", &hundredths) == 1)
			s->loads[0] = (unsigned long)hundredths *
			    (1UL << SI_LOAD_SHIFT) / 100;
		fclose(file);
	}
	return got;
}

/*
 * failing - loaded before libc, makes calls fail as it is told, and the load
 * average what a test wants.
 *
 *	FAILING		a file of 4096 bytes: the call's name (16 bytes), errno
 *			and how many more times it fails (32 bits each)
 *	FAILING_LOAD	a file with the load average in hundredths
 *
 * The file is mapped before the program confines itself; a test sees there how
 * many failures are left.
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

/* enum watch of smtpd/daemon.h. */
#define WATCH_LISTENER 0
#define WATCH_LIFE 4

static struct order {
	char call[16];
	_Atomic int error, left;
} none, *order = &none;
static int forked;	/* not who was executed */

static int (*real_accept4)(int, struct sockaddr *, socklen_t *, int);
static int (*real_socketpair)(int, int, int, int *);
static int (*real_epoll_ctl)(int, int, int, struct epoll_event *);
static ssize_t (*real_sendmsg)(int, const struct msghdr *, int);
static ssize_t (*real_getrandom)(void *, size_t, unsigned int);
static pid_t (*real_fork)(void), (*real__Fork)(void);
static int (*real_sysinfo)(struct sysinfo *);
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);

/* What the linker is told to run first: -Wl,-init,failing_begin. */
void failing_begin(void);

void
failing_begin(void)
{
	const char *path = getenv("FAILING");
	int fd = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *p = MAP_FAILED;

	*(void **)&real_accept4 = dlsym(RTLD_NEXT, "accept4");
	*(void **)&real_socketpair = dlsym(RTLD_NEXT, "socketpair");
	*(void **)&real_epoll_ctl = dlsym(RTLD_NEXT, "epoll_ctl");
	*(void **)&real_sendmsg = dlsym(RTLD_NEXT, "sendmsg");
	*(void **)&real_getrandom = dlsym(RTLD_NEXT, "getrandom");
	*(void **)&real_fork = dlsym(RTLD_NEXT, "fork");
	*(void **)&real__Fork = dlsym(RTLD_NEXT, "_Fork");
	*(void **)&real_sysinfo = dlsym(RTLD_NEXT, "sysinfo");
	if (fd < 0)
		return;
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (p != MAP_FAILED)
		order = p;
}

static int
fails(const char *call)
{
	if (order->left <= 0 ||
	    strncmp(order->call, call, sizeof(order->call)) != 0)
		return 0;
	if (order->left-- <= 0) {
		order->left = 0;
		return 0;
	}
	errno = order->error;
	return 1;
}

int
accept4(int fd, struct sockaddr *sa, socklen_t *len, int flags)
{
	int got = real_accept4(fd, sa, len, flags);

	/* Whoever it was is gone: without descriptors it would wait. */
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
	return fails("socketpair") ? -1 :
	    real_socketpair(domain, type, protocol, pair);
}

int
epoll_ctl(int ep, int op, int fd, struct epoll_event *e)
{
	if (op == EPOLL_CTL_ADD && e != NULL &&
	    (e->data.u64 >> 32 == WATCH_LIFE ? fails("epoll_ctl") :
	    e->data.u64 >> 32 == WATCH_LISTENER && fails("epoll_listen")))
		return -1;
	return real_epoll_ctl(ep, op, fd, e);
}

ssize_t
sendmsg(int fd, const struct msghdr *m, int flags)
{
	return m->msg_controllen > 0 && fails("sendmsg") ? -1 :
	    real_sendmsg(fd, m, flags);
}

ssize_t
getrandom(void *p, size_t size, unsigned int flags)
{
	return fails("getrandom") ? -1 : real_getrandom(p, size, flags);
}

pid_t
fork(void)
{
	pid_t pid = fails("fork") ? -1 : real_fork();

	if (pid == 0)
		forked = 1;
	return pid;
}

/* The template's, where libc has it (lib/proc.c). */
pid_t
_Fork(void)
{
	pid_t pid = fails("fork") ? -1 : real__Fork();

	if (pid == 0)
		forked = 1;
	return pid;
}

/* In what was forked alone: what a session asks for. */
void *
malloc(size_t size)
{
	return forked && fails("malloc") ? NULL : __libc_malloc(size);
}

void *
calloc(size_t n, size_t size)
{
	return forked && fails("malloc") ? NULL : __libc_calloc(n, size);
}

void *
realloc(void *p, size_t size)
{
	return forked && fails("malloc") ? NULL : __libc_realloc(p, size);
}

int
sysinfo(struct sysinfo *s)
{
	const char *path = getenv("FAILING_LOAD");
	int got = real_sysinfo(s), hundredths;
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

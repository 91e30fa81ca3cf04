/*
 * owned - a session that somebody has taken over: smtpsrvr with this in place
 * of the protocol (--wrap), as tests/system/76-owned.py starts it.
 *
 * Its client sends "NUMBER SIBLING SMTPD PORT NAME SPOOL\n" and is told "y",
 * if that attempt succeeded, or "n".  Attempt 0 says who the session is; 100
 * makes of it a pipe to submit, from inside, 101 gives submit descriptors, and
 * 102 tells smtpd again and again of log lines that it lost.
 * The template takes the layers that it is to have from the file "layers"
 * beside the jail.
 */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "smtpsrvr/sandbox.h"
#include "smtpsrvr/session.h"

struct victims {
	int sibling, smtpd, port;
	const char *abstract, *spool;
};

static int conn;
static char secret[] = "what a sibling has in its memory";

int __wrap_sandbox_template(struct sandbox *b, int layers, const char *jail,
    const struct proc_user *user);
int __real_sandbox_template(struct sandbox *b, int layers, const char *jail,
    const struct proc_user *user);
void __wrap_session_init(struct session *s, const struct server *v,
    const struct row_pass *who, const char *channels, int in, int out,
    int life);
void __real_session_init(struct session *s, const struct server *v,
    const struct row_pass *who, const char *channels, int in, int out,
    int life);
void __wrap_session_run(struct session *s);

int
__wrap_sandbox_template(struct sandbox *b, int layers, const char *jail,
    const struct proc_user *user)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof path, "%s/../layers", jail);
	f = fopen(path, "r");
	if (f != NULL && fscanf(f, "%d", &layers) != 1)
		return -1;
	if (f != NULL)
		fclose(f);
	return __real_sandbox_template(b, layers, jail, user);
}

void
__wrap_session_init(struct session *s, const struct server *v,
    const struct row_pass *who, const char *channels, int in, int out,
    int life)
{
	conn = in;
	__real_session_init(s, v, who, channels, in, out, life);
}

MM_PRINTF(2, 3) static bool
opens(int flags, const char *form, ...)
{
	char path[128];
	va_list ap;

	va_start(ap, form);
	vsnprintf(path, sizeof path, form, ap);
	va_end(ap);
	return open(path, flags, 0600) >= 0;
}

/* Socket calls to a listening port of the test, at 127.0.0.1. */
static bool
internet(int type, int port)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int s = socket(AF_INET, type, 0);

	if (port == 0)
		return s >= 0;
	if (type == SOCK_DGRAM)
		return sendto(s, "x", 1, 0, (struct sockaddr *)&in,
		    sizeof in) == 1;
	return connect(s, (struct sockaddr *)&in, sizeof in) == 0;
}

static bool
abstract(const char *name)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_STREAM, 0);
	size_t len = strlen(name);

	memcpy(un.sun_path + 1, name, len);
	return connect(s, (struct sockaddr *)&un, (socklen_t)(offsetof(
	    struct sockaddr_un, sun_path) + 1 + len)) == 0;
}

static bool
reads_memory(pid_t pid)
{
	char got[sizeof secret];
	struct iovec here = { got, sizeof got }, there = { secret,
		sizeof secret };

	return process_vm_readv(pid, &here, 1, &there, 1, 0) ==
	    (ssize_t)sizeof secret;
}

static bool
limits_of(pid_t pid)
{
	/* What it has: of others we would not want it to succeed. */
	struct rlimit r = { 64, 64 };

	return prlimit(pid, RLIMIT_NOFILE, &r, NULL) == 0;
}

static bool
perf(void)
{
	struct perf_event_attr a = { .size = sizeof a,
		.type = PERF_TYPE_SOFTWARE, .config = PERF_COUNT_SW_CPU_CLOCK };

	return syscall(SYS_perf_event_open, &a, 0, -1, -1, 0) >= 0;
}

static bool
bpf(void)
{
	union bpf_attr a = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4,
		.value_size = 4, .max_entries = 1 };

	return syscall(SYS_bpf, BPF_MAP_CREATE, &a, sizeof a) >= 0;
}

static bool
many(int n)
{
	while (n-- > 0)
		if (dup(0) < 0)
			return false;
	return true;
}

/* To execute it afterwards. */
static bool
writes_memory_file(void)
{
	int fd = (int)syscall(SYS_memfd_create, "x", 0);

	sigaction(SIGXFSZ, &(struct sigaction){ .sa_handler = SIG_IGN }, NULL);
	return fd >= 0 && write(fd, "#!/bin/sh", 9) == 9;
}

static bool
forks(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return pid > 0;
}

static bool
executes(void)
{
	char name[] = "echo", y[] = "y", *argv[] = { name, y, NULL };

	/* Where it works, that program says so itself. */
	dup2(conn, 1);
	execv("/bin/echo", argv);
	return false;
}

static bool
maps(size_t size, int prot)
{
	void *p = mmap(NULL, size, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p != MAP_FAILED;
}

static bool
on_files(int n, const struct victims *v)
{
	switch (n) {
	case 1: return opens(O_RDONLY, "/etc/shadow");
	case 2: return opens(O_RDONLY, "/etc/passwd");
	case 3: return opens(O_RDWR, "/proc/%d/mem", v->sibling);
	case 4: return opens(O_RDONLY, "/proc/%d/maps", v->sibling);
	case 5: return opens(O_RDONLY | O_DIRECTORY, "/proc/%d/fd", v->smtpd);
	case 6: return opens(O_WRONLY | O_CREAT, "%s/tmp/owned", v->spool);
	default: return opens(O_WRONLY | O_CREAT, "/tmp/owned.%d", v->port);
	}
}

static bool
on_processes(int n, const struct victims *v)
{
	switch (n) {
	case 12: return kill(v->smtpd, 0) == 0;
	case 13: return kill(v->sibling, 0) == 0;
	/* It gives 0 even where nobody at all may be signalled. */
	case 14: return kill(-1, 0) == 0 && kill(v->sibling, 0) == 0;
	case 15: return ptrace(PTRACE_SEIZE, v->sibling, NULL, NULL) == 0;
	case 16: return reads_memory(v->sibling);
	case 17: return syscall(SYS_pidfd_open, v->sibling, 0) >= 0;
	case 18: return setuid(0) == 0;
	case 19: return unshare(CLONE_NEWUSER) == 0;
	case 20: return limits_of(v->smtpd);
	case 21: return limits_of(v->sibling);
	default: return setpriority(PRIO_PROCESS, (id_t)v->sibling, 5) == 0;
	}
}

static bool
on_kernel(int n)
{
	char parameters[256] = "";

	switch (n) {
	case 23: return maps(4096, PROT_READ | PROT_WRITE | PROT_EXEC);
	case 24: return writes_memory_file();
	case 25: return syscall(SYS_io_uring_setup, 4, parameters) >= 0;
	case 26: return bpf();
	case 27: return syscall(SYS_userfaultfd, 1) >= 0;
	case 28: return perf();
	case 29: return syscall(SYS_keyctl, 0, -3, 1) >= 0;
	case 30: return ioctl(0, TIOCSTI, "x") == 0;
	case 31: return maps(512UL << 20, PROT_READ | PROT_WRITE);
	case 32: return many(2000);
	case 33: return forks();
	default: return executes();
	}
}

/* "NUMBER SIBLING SMTPD PORT NAME SPOOL\n"; the number, or -1. */
static int
parse(char *line, struct victims *v_r)
{
	char *word, *rest = line;
	long n[4];

	for (int i = 0; i < 4; i++)
		n[i] = strtol(rest, &rest, 10);
	v_r->sibling = (int)n[1];
	v_r->smtpd = (int)n[2];
	v_r->port = (int)n[3];
	word = rest + strspn(rest, " ");
	rest = word + strcspn(word, " ");
	if (*rest == '\0')
		return -1;
	*rest++ = '\0';
	rest[strcspn(rest, "\n")] = '\0';
	v_r->abstract = word;
	v_r->spool = rest;
	return (int)n[0];
}

static bool
attempt(int n, const struct victims *v)
{
	if (n <= 7)
		return on_files(n, v);
	switch (n) {
	case 8: return internet(SOCK_STREAM, 0);
	case 9: return internet(SOCK_STREAM, v->port);
	case 10: return internet(SOCK_DGRAM, v->port);
	case 11: return abstract(v->abstract);
	default: return n <= 22 ? on_processes(n, v) : on_kernel(n);
	}
}

/* What the client sends goes to submit, what that says to the client. */
static void
pipe_to_submit(const struct session *s)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct pollfd p[2] = { { conn, POLLIN, 0 }, { -1, POLLIN, 0 } };
	char data[4096];

	snprintf(un.sun_path, sizeof un.sun_path, "%s/submit",
	    s->server->jail);
	p[1].fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(p[1].fd, (struct sockaddr *)&un, sizeof un) != 0)
		return;
	if (write(conn, "y", 1) != 1)
		return;
	for (;;) {
		poll(p, 2, -1);
		for (int i = 0; i < 2; i++) {
			ssize_t n;

			if (p[i].revents == 0)
				continue;
			n = read(p[i].fd, data, sizeof data);
			if (n <= 0 || send(p[1 - i].fd, data, (size_t)n,
			    MSG_NOSIGNAL) != n)
				return;
		}
	}
}

static void
pass_many(const struct session *s)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	char room[CMSG_SPACE(200 * sizeof(int))] = "", x[] = "x";
	struct iovec v = { x, 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1,
		.msg_control = room, .msg_controllen = sizeof room };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), sent = 0;
	char text[32];

	snprintf(un.sun_path, sizeof un.sun_path, "%s/submit",
	    s->server->jail);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(200 * sizeof(int));
	for (int i = 0; i < 200; i++)
		memcpy(CMSG_DATA(c) + (size_t)i * sizeof(int), &conn,
		    sizeof(int));
	if (connect(fd, (struct sockaddr *)&un, sizeof un) == 0)
		for (int i = 0; i < 50; i++)
			if (sendmsg(fd, &m, MSG_NOSIGNAL) == 1)
				sent += 200;
	snprintf(text, sizeof text, "y%d", sent);
	if (write(conn, text, strlen(text)) < 0 || read(conn, text, 1) < 0)
		return;		/* until then the connection stays */
}

/* Before its end nothing of it counts, behind it once. */
static void
lose_many(const struct session *s)
{
	const struct life_report end = { .kind = LIFE_END },
	    lost = { .kind = LIFE_LOST, .errors = UINT32_MAX };
	int bad = life_tell(s->life, &lost) | life_tell(s->life, &end);

	for (int i = 0; i < 4; i++)
		bad |= life_tell(s->life, &lost);
	if (write(conn, bad == 0 ? "y" : "n", 1) != 1)
		return;
}

static void
introduce(const struct session *s)
{
	char text[128];
	int n = snprintf(text, sizeof text, "%u %llu ", s->who.row,
	    (unsigned long long)s->who.serial);

	for (size_t i = 0; i < sizeof s->who.token; i++)
		n += snprintf(text + n, sizeof text - (size_t)n, "%02x",
		    s->who.token[i]);
	if (write(conn, text, (size_t)n) != n || read(conn, text, 1) < 0)
		return;		/* a sibling, until its client goes */
}

void
__wrap_session_run(struct session *s)
{
	struct victims v = { 0 };
	char line[256];
	ssize_t got = read(conn, line, sizeof line - 1);
	int n;

	if (got <= 0)
		return;
	line[got] = '\0';
	n = parse(line, &v);
	if (n < 0)
		return;
	if (n == 0)
		introduce(s);
	else if (n == 100)
		pipe_to_submit(s);
	else if (n == 101)
		pass_many(s);
	else if (n == 102)
		lose_many(s);
	else if (write(conn, attempt(n, &v) ? "y" : "n", 1) != 1)
		return;
}

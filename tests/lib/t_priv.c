/*
 * t_priv - what is given up is gone: each attempt is made in a child, which
 * must end as said here.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "lib/counts.h"
#include "lib/priv.h"
#include "tests/tap.h"

/* What the last child said and how it ended. */
static int ended;

/* Runs fn in a child of its own and gives its exit status, -1 if killed. */
static int
child(int (*fn)(void))
{
	pid_t pid = fork();

	if (pid == 0) {
		alarm(20);
		_exit(fn());
	}
	if (pid == -1 || waitpid(pid, &ended, 0) != pid)
		return -2;
	return WIFEXITED(ended) ? WEXITSTATUS(ended) : -1;
}

static int
drop_to_nobody(void)
{
	uid_t uid = geteuid() == 0 ? 65534 : geteuid();
	gid_t gid = geteuid() == 0 ? 65534 : getegid();
	bool was_root = geteuid() == 0;

	/* Nobody's are left, root's neither. */
	if (was_root && setgroups(2, (gid_t[]){ 4, 0 }) == -1)
		return 5;
	if (priv_drop(uid, gid) == -1)
		return 1;
	if (was_root && getgroups(0, NULL) != 0)
		return 6;
	if (getuid() != uid || geteuid() != uid || getgid() != gid)
		return 2;
	if (setuid(0) == 0 || setgid(0) == 0)
		return 3;
	return priv_drop(uid, gid) == 0 ? 0 : 4;
}

static int
drop_to_another(void)
{
	if (drop_to_nobody() != 0)
		return 1;
	return priv_drop(1, 1) == -1 && priv_drop(geteuid(), 1) == -1 ? 0 : 2;
}

static int
no_new(void)
{
	if (priv_no_new() == -1)
		return 1;
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 &&
	    prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 ? 0 : 2;
}

static int
limit(void)
{
	struct rlimit r;

	if (priv_limit(RLIMIT_NOFILE, 20) == -1 ||
	    getrlimit(RLIMIT_NOFILE, &r) == -1 || r.rlim_cur != 20 ||
	    r.rlim_max != 20)
		return 1;
	for (int i = 0; i < 20; i++)
		if (dup(0) == -1)
			return errno == EMFILE &&
			    priv_limit(RLIMIT_NOFILE, 30) == 0 &&
			    getrlimit(RLIMIT_NOFILE, &r) == 0 &&
			    r.rlim_max == 20 ? 0 : 3;
	return 2;
}

static int
orphan(void)
{
	priv_die_with_parent(SIGKILL, getpid());
	return 0;
}

/*
 * A grandchild whose parent dies must die: the pipe that it alone holds then
 * ends.  It says over the other one when it is ready.
 */
static int
outlived(void)
{
	int life[2], ready[2];
	char c;

	if (pipe(life) == -1 || pipe(ready) == -1)
		return 1;
	if (fork() == 0) {
		pid_t me = getpid();

		if (fork() == 0) {
			alarm(20);
			priv_die_with_parent(SIGKILL, me);
			if (write(ready[1], "r", 1) == 1)
				pause();
			_exit(1);
		}
		close(ready[1]);
		_exit(read(ready[0], &c, 1) != 1);
	}
	close(life[1]);
	alarm(10);
	return read(life[0], &c, 1) == 0 ? 0 : 2;
}

static int
no_files(void)
{
	int abi, rules = priv_landlock_rules(&abi);

	if (rules == -1)
		return 77;
	if (open("/etc/passwd", O_RDONLY) == -1)
		return 1;
	if (priv_no_new() == -1 || priv_landlock_enter(rules) == -1)
		return 2;
	if (open("/etc/passwd", O_RDONLY) != -1 || errno != EACCES)
		return 3;
	if (open("/tmp/t_priv", O_WRONLY | O_CREAT, 0600) != -1)
		return 4;
	return open("/tmp", O_RDONLY | O_DIRECTORY) == -1 ? 0 : 5;
}

static int
no_tcp(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	int abi, rules = priv_landlock_rules(&abi), fd;

	if (rules == -1 || abi < 4)
		return 77;
	fd = socket(AF_INET, SOCK_STREAM, 0);
	if (priv_no_new() == -1 || priv_landlock_enter(rules) == -1)
		return 1;
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	in.sin_port = htons(1);
	if (connect(fd, (struct sockaddr *)&in, sizeof(in)) != -1 ||
	    errno != EACCES)
		return 2;
	return bind(fd, (struct sockaddr *)&in, sizeof(in)) == -1 &&
	    errno == EACCES ? 0 : 3;
}

static int
no_abstract(void)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	const socklen_t len = offsetof(struct sockaddr_un, sun_path) + 20;
	int abi, rules = priv_landlock_rules(&abi), here, there;

	if (rules == -1 || abi < 6)
		return 77;
	snprintf(un.sun_path + 1, 19, "inlet-test-%d", (int)getpid());
	here = socket(AF_UNIX, SOCK_STREAM, 0);
	there = socket(AF_UNIX, SOCK_STREAM, 0);
	if (bind(here, (struct sockaddr *)&un, len) == -1 ||
	    listen(here, 1) == -1)
		return 1;
	if (priv_no_new() == -1 || priv_landlock_enter(rules) == -1)
		return 2;
	if (kill(getppid(), 0) != -1)
		return 3;
	return connect(there, (struct sockaddr *)&un, len) == -1 &&
	    errno == EPERM ? 0 : 4;
}

static void
landlock(int (*fn)(void), const char *what)
{
	int end = child(fn);

	if (end == 77)
		skip(what);
	else
		num(end, 0, what);
}

/* The filter under test and what is tried behind it. */
static const struct priv_filter *filter;
static int (*attempt)(void);
static int given = -1;	/* a descriptor that it may use */

static int
behind(void)
{
	if (priv_no_new() == -1 || priv_filter(filter) == -1)
		return 99;
	return attempt();
}

static void
allowed(const struct priv_filter *f, int (*fn)(void), const char *what)
{
	char text[100];

	filter = f;
	attempt = fn;
	snprintf(text, sizeof(text), "%s may: %s", f->name, what);
	num(child(behind), 0, text);
}

static void
kills(const struct priv_filter *f, int (*fn)(void), const char *what)
{
	char text[100];

	filter = f;
	attempt = fn;
	snprintf(text, sizeof(text), "%s dies: %s", f->name, what);
#ifdef SANITIZERS
	skip(text);
#else
	ok(child(behind) == -1 && WIFSIGNALED(ended) &&
	    WTERMSIG(ended) == SIGSYS, text);
#endif
}

static int
open_file(void)
{
	return open("/etc/passwd", O_RDONLY) == -1;
}

static int
open_to_append(void)
{
	return open("/dev/null", O_WRONLY | O_APPEND | O_CREAT, 0600) == -1;
}

static int
open_to_cut(void)
{
	return open("/dev/null", O_WRONLY | O_APPEND | O_TRUNC) == -1;
}

static int
remove_file(void)
{
	return unlink("/nowhere/to/be/found") == 0;
}

static int
inet_socket(void)
{
	return socket(AF_INET, SOCK_DGRAM, 0) == -1;
}

static int
netlink_socket(void)
{
	return socket(AF_NETLINK, SOCK_RAW, 0) == -1;
}

static int
unix_socket(void)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX,
		.sun_path = "/nowhere/to/be/found" };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	return fd == -1 ||
	    connect(fd, (struct sockaddr *)&un, sizeof(un)) != -1 ||
	    errno != ENOENT;
}

/* A socket at a descriptor that a session shares with others. */
static int
shared_socket(void)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) == -1)
		return -1;
	/* pair[1] stays open: somebody listens. */
	return fcntl(pair[0], F_DUPFD, PRIV_SHARED);
}

static int
disconnect_shared(void)
{
	struct sockaddr none = { .sa_family = AF_UNSPEC };

	return connect(given, &none, sizeof(none));
}

static int
shut_down_shared(void)
{
	return shutdown(given, SHUT_RDWR);
}

static int
send_shared(void)
{
	return send(given, "x", 1, MSG_NOSIGNAL) != 1;
}

static int
execute(void)
{
	char name[] = "true";
	char *argv[] = { name, NULL }, *env[] = { NULL };

	return execve("/bin/true", argv, env);
}

static int
fork_one(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(7);
	return pid == -1 || waitpid(pid, &status, 0) != pid ||
	    WEXITSTATUS(status) != 7;
}

static int
namespaces(void)
{
	return syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0) == -1;
}

static int
vfork_like(void)
{
	return syscall(SYS_clone, CLONE_VM | CLONE_VFORK | SIGCHLD, 0, 0, 0,
	    0) == -1;
}

static int
clone3_soft(void)
{
	return !(syscall(SYS_clone3, NULL, 0) == -1 && errno == ENOSYS);
}

static int
code_memory(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED;
}

static int
code_later(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return mprotect(p, 4096, PROT_READ | PROT_EXEC);
}

static int
trace(void)
{
	return (int)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static int
send_signal(void)
{
	return kill(getppid(), 0);
}

static int
other_prctl(void)
{
	return prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
}

static int
other_limit(void)
{
	return (int)syscall(SYS_prlimit64, 1, RLIMIT_CORE, NULL, NULL);
}

static int
own_bits(void)
{
	return prctl(PR_SET_NAME, "test", 0, 0, 0) ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) ||
	    priv_limit(RLIMIT_CORE, 0);
}

/* Stands for all that a session does. */
static int
session_life(void)
{
	struct timespec t;
	struct iovec v = { .iov_base = (char[]){ "abc" }, .iov_len = 3 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };
	struct pollfd p = { .events = POLLIN };
	char got[8], *big;

	/* malloc, large and small, and back. */
	big = malloc(1 << 20);
	memset(big, 1, 1 << 20);
	big = realloc(big, 1 << 24);
	memset(big, 1, 1 << 24);
	free(big);
	for (int i = 0; i < 64; i++)
		if ((big = calloc(1, 8192)) == NULL || big[100] != 0)
			return 1;
	p.fd = 10;
	if (send(11, "abc", 3, MSG_NOSIGNAL) != 3 ||
	    sendmsg(11, &m, 0) != 3 || write(11, "abc", 3) != 3 ||
	    poll(&p, 1, 1000) != 1 || recv(10, got, 3, 0) != 3 ||
	    read(10, got, 6) != 6 || shutdown(10, SHUT_WR) != 0)
		return 2;
	if (syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &t) != 0 ||
	    syscall(SYS_getrandom, got, 8, 0) != 8)
		return 3;
	return close(11) != 0;
}

static int
with_sockets(void)
{
	int s[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, s) == -1 ||
	    dup2(s[0], 10) == -1 || dup2(s[1], 11) == -1)
		return 98;
	return behind();
}

/* The kernel goes on with an interrupted poll by a system call of its own. */
static int
stopped_in_poll(void)
{
	int p[2], status;
	char c;
	pid_t pid;

	if (pipe(p) == -1)
		return 1;
	pid = fork();
	if (pid == 0) {
		alarm(20);
		if (priv_no_new() == -1 || priv_filter(filter) == -1 ||
		    write(p[1], "r", 1) != 1)
			_exit(1);
		_exit(poll(NULL, 0, 300) == 0 ? 0 : 2);
	}
	if (read(p[0], &c, 1) != 1)
		return 2;
	/* The stop may come before the poll; then this shows less. */
	poll(NULL, 0, 50);
	kill(pid, SIGSTOP);
	if (waitpid(pid, &status, WUNTRACED) != pid || !WIFSTOPPED(status))
		return 3;
	kill(pid, SIGCONT);
	if (waitpid(pid, &status, 0) != pid)
		return 4;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : 5;
}

static int
then_session(void)
{
	if (priv_no_new() == -1 || priv_filter(&filter_session) == -1)
		return 1;
	return unix_socket();
}

static int
then_session_open(void)
{
	if (priv_filter(&filter_session) == -1)
		return 1;
	return fork_one();
}

static void
try_session(void)
{
	const struct priv_filter *f = &filter_session;
	/* Counted from the table itself. */
	enum { SESSION = 1, TEMPLATE = 0, SUBMIT = 0, LOOKUP = 0, LOGGER = 0,
		KEYSRVR = 0, AUTHSRVR = 0,
		ALL = 1 };
	const int calls[] = {
#define CALL(processes, call, rule) ((processes) & SESSION),
#include "lib/filters.def"
#undef CALL
	};
	int n = 0;

	for (size_t i = 0; i < ARRAY_LEN(calls); i++)
		n += calls[i];
	ok(n > 10 && n <= 20, "a session may make at most 20 calls");
	filter = f;
	attempt = session_life;
	num(child(with_sockets), 0, "session may: all that a session does");
	num(child(stopped_in_poll), 0, "session lives on: stopped in poll");
	allowed(f, unix_socket, "connect to a unix socket");
	given = shared_socket();
	ok(given >= PRIV_SHARED, "a socket that it shares with others");
	allowed(f, send_shared, "send over it");
	kills(f, disconnect_shared, "disconnect it");
	kills(f, shut_down_shared, "shut it down");
	allowed(f, send_shared, "send over it afterwards");
	kills(f, open_file, "open a file");
	kills(f, remove_file, "remove a file");
	kills(f, inet_socket, "a network socket");
	kills(f, netlink_socket, "a netlink socket");
	kills(f, execute, "execute");
	kills(f, fork_one, "fork");
	kills(f, clone3_soft, "clone3");
	kills(f, code_memory, "map code");
	kills(f, code_later, "turn memory into code");
	kills(f, trace, "ptrace");
	kills(f, send_signal, "kill");
	kills(f, own_bits, "prctl");
}

static void
try_template(void)
{
	const struct priv_filter *f = &filter_template;

	allowed(f, fork_one, "fork and wait");
#ifdef SANITIZERS
	skip("template may: clone3, which is not there");
#else
	allowed(f, clone3_soft, "clone3, which is not there");
#endif
	allowed(f, own_bits, "give up more");
	allowed(f, then_session, "put on the session's filter");
	kills(f, then_session_open, "fork once the session's filter is on");
	kills(f, namespaces, "a namespace");
	kills(f, vfork_like, "a process in our memory");
	kills(f, open_file, "open a file");
	kills(f, inet_socket, "a network socket");
	kills(f, execute, "execute");
	kills(f, code_later, "turn memory into code");
	kills(f, trace, "ptrace");
	kills(f, other_prctl, "another prctl");
	kills(f, other_limit, "the limits of another process");
}

static void *
in_a_thread(void *p)
{
	void *big = malloc(1 << 20);

	free(big);
	return big != NULL ? p : NULL;
}

static int
one_more_thread(void)
{
	int here;
	pthread_t t;
	void *back = NULL;

	return pthread_create(&t, NULL, in_a_thread, &here) != 0 ||
	    pthread_join(t, &back) != 0 || back != &here;
}

/* All that durable does, in a directory that was opened before. */
static int
queue_work(void)
{
	char p[8] = "";
	int fd;

	unlinkat(10, "inlet-b", 0);
	fd = openat(10, "inlet-a", O_RDWR | O_CREAT | O_EXCL, 0600);
	if (fd == -1 || flock(fd, LOCK_EX) || pwrite(fd, "abc", 3, 0) != 3 ||
	    sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE) ||
	    fdatasync(fd) || fsync(fd) || pread(fd, p, 3, 0) != 3 ||
	    renameat2(10, "inlet-a", 10, "inlet-b", RENAME_NOREPLACE))
		return 1;
	return fsync(10) || unlinkat(10, "inlet-b", 0) || close(fd);
}

static int
with_directory(void)
{
	const char *tmp = getenv("TMPDIR");
	char dir[200];
	int result;

	snprintf(dir, sizeof(dir), "%s/t_privXXXXXX", tmp ? tmp : "/tmp");
	if (mkdtemp(dir) == NULL ||
	    dup2(open(dir, O_RDONLY | O_DIRECTORY), 10) != 10)
		return 98;
	result = child(behind);
	rmdir(dir);
	return result;
}

static void
try_submit(void)
{
	const struct priv_filter *f = &filter_submit;

	filter = f;
	attempt = queue_work;
	num(with_directory(), 0, "submit may: all that a queue needs");
	allowed(f, one_more_thread, "start a thread");
	allowed(f, unix_socket, "connect to a unix socket");
	kills(f, fork_one, "fork");
	kills(f, vfork_like, "a process in our memory");
	kills(f, inet_socket, "a network socket");
	kills(f, execute, "execute");
	kills(f, code_memory, "map code");
	kills(f, trace, "ptrace");
	kills(&filter_session, one_more_thread, "start a thread");
	kills(&filter_template, one_more_thread, "start a thread");
}

/* In a table whose only bucket somebody held who is dead. */
static struct counts *table;

static int
count_after_dead(void)
{
	const struct counts_key k = { .what = COUNTS_LOGINS, .section = "",
		.text = "somebody", .period_ms = 60000 };
	struct counts_answer a;

	counts_add(table, &k, 1, 10, 1000);
	(void)counts_ask(table, &k, 1, 10, 1000, &a);
	return a.value != 1;
}

static void
try_counting(void)
{
	const off_t first = 4096;	/* its number, behind the head */
	const uint32_t odd = 1;
	int w, r;

	if (counts_make("table", COUNTS_WAYS, &w, &r) == 0 &&
	    pwrite(w, &odd, sizeof(odd), first) == sizeof(odd))
		table = counts_open(w, true);
	if (!ok(table != NULL, "a table whose lock is held"))
		return;
	allowed(&filter_authsrvr, count_after_dead, "count over the dead");
}

static void
try_helpers(void)
{
	allowed(&filter_lookup, inet_socket, "a network socket");
	allowed(&filter_lookup, unix_socket, "connect to a unix socket");
	allowed(&filter_lookup, open_file, "open a file");
	kills(&filter_lookup, netlink_socket, "a netlink socket");
	kills(&filter_lookup, remove_file, "remove a file");
	kills(&filter_lookup, fork_one, "fork");
	kills(&filter_lookup, execute, "execute");
	kills(&filter_lookup, code_memory, "map code");
	allowed(&filter_logger, open_to_append, "open a file to append");
	allowed(&filter_logger, unix_socket, "connect to a unix socket");
	kills(&filter_logger, open_file, "open a file to read");
	kills(&filter_logger, open_to_cut, "cut a file");
	kills(&filter_logger, inet_socket, "a network socket");
	kills(&filter_logger, fork_one, "fork");
	kills(&filter_logger, execute, "execute");
	kills(&filter_authsrvr, open_file, "open a file to read");
	kills(&filter_authsrvr, open_to_append, "open a file to append");
	kills(&filter_authsrvr, unix_socket, "make a socket");
	kills(&filter_authsrvr, fork_one, "fork");
	kills(&filter_authsrvr, execute, "execute");
	kills(&filter_authsrvr, code_memory, "map code");
}

int
main(void)
{
	num(child(drop_to_nobody), 0, "drop is for good");
	num(child(drop_to_another), 0, "an ordinary user cannot be another");
	num(child(no_new), 0, "no new privileges, no dump");
	num(child(limit), 0, "limits hold and only fall");
	num(child(orphan), 75, "who has lost its parent already ends");
	num(child(outlived), 0, "who loses its parent dies");
	landlock(no_files, "landlock: no files");
	landlock(no_tcp, "landlock: no TCP");
	landlock(no_abstract, "landlock: no abstract sockets, no signals");
	try_session();
	try_template();
	try_submit();
	try_helpers();
	try_counting();
	return done();
}

/*
 * t_fdio - whole reads and writes, deadlines, and descriptors in messages.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/clock.h"
#include "lib/fdio.h"
#include "tests/tap.h"

#define BIG (1 << 20)

static char out[BIG], in[BIG];

static void
fill(void)
{
	for (size_t i = 0; i < BIG; i++)
		out[i] = (char)(i * 7 + i / 255);
	memset(in, 0, sizeof(in));
}

/* A child writes, we read; then it writes in pieces. */
static void
through(int reader, int writer, const char *what)
{
	int64_t soon = clock_ms() + 20000;
	char text[100];
	pid_t pid;

	fill();
	pid = fork();
	if (pid == 0) {
		struct iovec v[101];

		for (size_t i = 0; i < 100; i++)
			v[i] = (struct iovec){ out + i * 1000,
				i == 50 ? 0 : 1000 };
		v[50].iov_base = NULL;
		v[100] = (struct iovec){ out + 100000, BIG - 100000 };
		close(reader);
		_exit(fd_write(writer, out, BIG, soon) != 0 ||
		    fd_writev(writer, v, 101, soon) != 0);
	}
	close(writer);
	snprintf(text, sizeof(text), "%s: a large write", what);
	ok(fd_read(reader, in, BIG, soon) == 0 && memcmp(in, out, BIG) == 0,
	    text);
	snprintf(text, sizeof(text), "%s: pieces, an empty one too", what);
	memset(in, 0, sizeof(in));
	ok(fd_read(reader, in, BIG - 1000, soon) == 0 &&
	    memcmp(in, out, 50000) == 0 && memcmp(in + 50000, out + 51000,
	    BIG - 51000) == 0, text);
	num(fd_read(reader, in, 1, soon), -1, "then the end");
	num(errno, 0, "a clean one");
	close(reader);
	waitpid(pid, NULL, 0);
}

static void
non_blocking(int fd)
{
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

static void
all_kinds(void)
{
	int p[2];

	if (pipe(p) == 0)
		through(p[0], p[1], "pipe");
	if (pipe(p) == 0) {
		non_blocking(p[0]);
		non_blocking(p[1]);
		through(p[0], p[1], "non-blocking pipe");
	}
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, p) == 0)
		through(p[0], p[1], "socket");
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, p) == 0)
		through(p[0], p[1], "non-blocking socket");
}

static void
late(int reader, int writer, const char *what)
{
	int64_t start = clock_ms();
	struct iovec v = { out, BIG };

	num(fd_read(reader, in, 10, start + 30), -1, what);
	num(errno, ETIMEDOUT, "read: too late");
	num(fd_write(writer, out, BIG, clock_ms() + 30), -1, what);
	num(errno, ETIMEDOUT, "write: too late");
	num(fd_writev(writer, &v, 1, clock_ms() + 30), -1, what);
	num(errno, ETIMEDOUT, "writev: too late");
	ok(clock_ms() - start < 10000, "and no later");
	close(reader);
	close(writer);
}

static void
ends(void)
{
	int p[2];

	if (pipe(p) == 0)
		late(p[0], p[1], "pipe");
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, p) == 0)
		late(p[0], p[1], "socket");
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, p) != 0)
		return;
	ok(fd_write(p[1], "abc", 3, CLOCK_NEVER) == 0, "three bytes");
	close(p[1]);
	num(fd_read(p[0], in, 4, CLOCK_NEVER), -1, "an end in the middle");
	num(errno, EPIPE, "is EPIPE");
	/* SIGPIPE has its default action: it would end us. */
	num(fd_write(p[0], "abc", 3, CLOCK_NEVER), -1, "to nobody");
	num(errno, EPIPE, "is EPIPE, no signal");
	close(p[0]);
	num(fd_read(p[0], in, 1, CLOCK_NEVER), -1, "a closed descriptor");
	num(errno, EBADF, "is EBADF");
	num(fd_read(-1, in, 0, CLOCK_NEVER), 0, "nothing is always read");
}

static void
at_offsets(void)
{
	FILE *f = tmpfile();

	ok(f != NULL && fd_pwrite(fileno(f), "abc", 3, 5) == 0 &&
	    pread(fileno(f), in, 10, 0) == 8 && memcmp(in + 5, "abc", 3) == 0,
	    "pwrite at an offset");
	num(fd_pwrite(-1, "abc", 3, 0), -1, "no descriptor");
	if (f != NULL)
		fclose(f);
}

/* How many descriptors are open. */
static int
open_fds(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) != -1;
	return n;
}

static void
passing(void)
{
	int s[2], fds[8], n = FD_PASS_MAX, before;
	const int four[4] = { 0, 1, 2, 0 };
	char m[16];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s) != 0)
		return;
	before = open_fds();
	num(fd_pass(s[0], "hello", 5, four, 2, 0), 0, "two descriptors");
	num(fd_take(s[1], m, sizeof(m), fds, &n, 0), 5, "its length");
	num(n, 2, "two come");
	ok(memcmp(m, "hello", 5) == 0, "and the bytes");
	ok(fcntl(fds[0], F_GETFD) == FD_CLOEXEC, "close-on-exec");
	close(fds[0]);
	close(fds[1]);
	num(fd_pass(s[0], "x", 1, four, 4, 0), 0, "four");
	n = 1;
	num(fd_take(s[1], m, sizeof(m), fds, &n, 0), 1, "where one is wanted");
	num(n, 1, "one comes");
	close(fds[0]);
	num(open_fds(), before, "the surplus is closed");
	num(fd_pass(s[0], "x", 1, NULL, 0, 0), 0, "none");
	n = 0;
	num(fd_take(s[1], m, sizeof(m), NULL, &n, 0), 1, "is fine too");
	num(fd_pass(s[0], "0123456789abcdefg", 17, four, 2, 0), 0, "too long");
	n = 4;
	num(fd_take(s[1], m, sizeof(m), fds, &n, 0), -1, "is refused");
	num(errno, EBADMSG, "as bad");
	num(n, 0, "without descriptors");
	num(open_fds(), before, "all closed");
	num(fd_pass(s[0], "x", 1, four, FD_PASS_MAX + 1, 0), -1,
	    "more than there may be");
	n = 4;
	num(fd_take(s[1], m, sizeof(m), fds, &n, MSG_DONTWAIT), -1, "nothing");
	num(errno, EAGAIN, "there");
	close(s[0]);
	num(fd_take(s[1], m, sizeof(m), fds, &n, 0), 0, "the end");
	close(s[1]);
}

/* A hostile sender does not keep to FD_PASS_MAX. */
static void
flooding(void)
{
	union {
		struct cmsghdr h;
		char p[CMSG_SPACE(sizeof(int) * 100)];
	} room;
	struct iovec v = { .iov_base = out, .iov_len = 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1,
		.msg_control = room.p, .msg_controllen = sizeof(room.p) };
	int s[2], fds[8], n = 4, before;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, s) != 0)
		return;
	before = open_fds();
	memset(&room, 0, sizeof(room));
	room.h.cmsg_level = SOL_SOCKET;
	room.h.cmsg_type = SCM_RIGHTS;
	room.h.cmsg_len = CMSG_LEN(sizeof(int) * 100);
	num(sendmsg(s[0], &m, 0), 1, "a hundred descriptors");
	num(fd_take(s[1], in, 10, fds, &n, 0), -1, "are refused");
	num(errno, EBADMSG, "as bad");
	num(open_fds(), before, "none is left open");
	close(s[0]);
	close(s[1]);
}

static void
what_it_is(void)
{
	int s[2], l = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in sin = { .sin_family = AF_INET };
	bool listening, connected;

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ok(bind(l, (struct sockaddr *)&sin, sizeof(sin)) == 0 &&
	    listen(l, 1) == 0 && fd_is_socket(l, &listening, &connected) &&
	    listening && !connected, "a listening socket");
	close(l);
	l = socket(AF_INET, SOCK_DGRAM, 0);
	ok(bind(l, (struct sockaddr *)&sin, sizeof(sin)) == 0 &&
	    fd_is_socket(l, &listening, &connected) && !listening &&
	    !connected, "a datagram socket");
	close(l);
	l = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	ok(bind(l, (struct sockaddr *)&(struct sockaddr_un){ .sun_family =
	    AF_UNIX }, sizeof(sa_family_t)) == 0 && listen(l, 1) == 0 &&
	    fd_is_socket(l, &listening, &connected) && !listening,
	    "one of packets");
	close(l);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0)
		ok(fd_is_socket(s[0], &listening, &connected) && !listening &&
		    connected && fd_is_socket(s[0], NULL, NULL),
		    "a connected one");
	close(s[0]);
	close(s[1]);
	if (pipe(s) == 0)
		ok(!fd_is_socket(s[0], &listening, &connected) && !listening &&
		    !connected, "a pipe");
	close(s[0]);
	close(s[1]);
	ok(!fd_is_socket(s[0], NULL, NULL), "nothing");
}

static void
standard(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		close(0);
		close(2);
		if (fd_standard() != 0 || fcntl(0, F_GETFD) == -1 ||
		    fcntl(2, F_GETFD) == -1)
			_exit(1);
		if (dup2(0, 50) != 50 || dup2(0, 200) != 200)
			_exit(2);
		fd_close_from(3);
		_exit(open_fds() == 3 ? 0 : 3);
	}
	waitpid(pid, &status, 0);
	num(status, 0, "0, 1 and 2 are opened, all others closed");
}

static void
answers(void)
{
	char got[8];
	size_t len = 0;
	int s[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, s) != 0)
		exit(1);
	num(fd_read_answer(s[0], got, 2, sizeof(got), &len, clock_ms() + 20),
	    -1, "an answer that does not come");
	num(errno, ETIMEDOUT, "is waited for until then");
	num(write(s[1], "abcd", 4), 4, "one that does");
	num(fd_read_answer(s[0], got, 2, sizeof(got), &len, CLOCK_NEVER), 0,
	    "is read");
	ok(len == 4 && memcmp(got, "abcd", 4) == 0, "as far as it is there");
	num(write(s[1], "x", 1), 1, "too short a one");
	close(s[1]);
	num(fd_read_answer(s[0], got, 2, sizeof(got), &len, CLOCK_NEVER), -1,
	    "is none");
	num(errno, EPIPE, "cut off");
	close(s[0]);
}

int
main(void)
{
	all_kinds();
	answers();
	ends();
	at_offsets();
	passing();
	flooding();
	what_it_is();
	standard();
	return done();
}

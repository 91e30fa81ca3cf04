/*
 * descriptors - what fdio.h has that waits for nothing: descriptors in
 * messages, what they are, and closing them.
 *
 * Apart from fdio.c because smtpd, which is root, links no more than this.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/fdio.h"

int
fd_pwrite(int fd, const void *p, size_t len, off_t at)
{
	const char *from = p;

	while (len > 0) {
		ssize_t n = pwrite(fd, from, len, at);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == 0)
			errno = EIO;
		if (n <= 0)
			return -1;
		from += n;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

int
fd_pass(int sock, const void *p, size_t len, const int *fds, int nfds,
    int flags)
{
	union {
		struct cmsghdr align;
		char p[CMSG_SPACE(sizeof(int) * FD_PASS_MAX)];
	} room;
	/* An iovec serves readers too; sendmsg only looks. */
	struct iovec iov = { .iov_base = (void *)(uintptr_t)p, .iov_len = len };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	if (nfds < 0 || nfds > FD_PASS_MAX) {
		errno = EINVAL;
		return -1;
	}
	memset(&room, 0, sizeof(room));
	if (nfds > 0) {
		size_t size = sizeof(int) * (size_t)nfds;

		m.msg_control = room.p;
		m.msg_controllen = CMSG_SPACE(size);
		room.align.cmsg_level = SOL_SOCKET;
		room.align.cmsg_type = SCM_RIGHTS;
		room.align.cmsg_len = CMSG_LEN(size);
		memcpy(CMSG_DATA(&room.align), fds, size);
	}
	do
		n = sendmsg(sock, &m, flags | MSG_NOSIGNAL);
	while (n == -1 && errno == EINTR);
	if (n != -1 && (size_t)n != len) {
		errno = EMSGSIZE;
		return -1;
	}
	return n == -1 ? -1 : 0;
}

/* Keeps the first most descriptors of one header, closes the others. */
static void
keep(struct cmsghdr *h, int *fds, int *nfds_io, int most)
{
	size_t n = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);

	for (size_t i = 0; i < n; i++) {
		int fd;

		memcpy(&fd, CMSG_DATA(h) + i * sizeof(fd), sizeof(fd));
		if (*nfds_io < most)
			fds[(*nfds_io)++] = fd;
		else
			close(fd);
	}
}

ssize_t
fd_take(int sock, void *p, size_t len, int *fds, int *nfds_io, int flags)
{
	/* Credentials come too where SO_PASSCRED is set. */
	union {
		struct cmsghdr align;
		char p[CMSG_SPACE(sizeof(int) * FD_PASS_MAX) +
		    CMSG_SPACE(sizeof(struct ucred))];
	} room;
	struct iovec iov = { .iov_base = p, .iov_len = len };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = room.p, .msg_controllen = sizeof(room.p) };
	int most = *nfds_io;
	ssize_t n;

	*nfds_io = 0;
	memset(&room, 0, sizeof(room));
	do
		n = recvmsg(sock, &m, flags | MSG_CMSG_CLOEXEC);
	while (n == -1 && errno == EINTR);
	if (n == -1)
		return -1;
	for (struct cmsghdr *h = CMSG_FIRSTHDR(&m); h != NULL;
	    h = CMSG_NXTHDR(&m, h))
		if (h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_RIGHTS)
			keep(h, fds, nfds_io, most);
	if (m.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
		while (*nfds_io > 0)
			close(fds[--*nfds_io]);
		errno = EBADMSG;
		return -1;
	}
	return n;
}

void
fd_close_from(int first)
{
	if (close_range((unsigned)first, UINT_MAX, 0) == -1)
		for (long fd = sysconf(_SC_OPEN_MAX); fd-- > first;)
			close((int)fd);
}

bool
fd_is_socket(int fd, bool *listening_r, bool *connected_r)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer), size = sizeof(int);
	struct stat st;
	int listening = 0, type = 0;
	bool is = fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode);

	if (is && getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 &&
	    type == SOCK_STREAM)
		getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size);
	if (listening_r != NULL)
		*listening_r = listening != 0;
	if (connected_r != NULL)
		*connected_r = is &&
		    getpeername(fd, (struct sockaddr *)&peer, &len) == 0;
	return is;
}

int
fd_standard(void)
{
	for (int want = 0; want <= 2; want++) {
		int fd;

		if (fcntl(want, F_GETFD) != -1)
			continue;
		/* The lowest free one: all below are open by now. */
		fd = open("/dev/null", O_RDWR);
		if (fd != want) {
			if (fd != -1)
				close(fd);
			return -1;
		}
	}
	return 0;
}

/*
 * starter - what a session may ask of deliver, by submit.
 */
#include "config.h"

#include <sys/socket.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "submit/asker.h"
#include "submit/starter.h"

int
starter_ask(const char *path, const struct control_request *r)
{
	int fd = asker_connect(path);

	if (fd != -1 && send(fd, r, sizeof(*r), MSG_DONTWAIT |
	    MSG_NOSIGNAL) != (ssize_t)sizeof(*r)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

int
starter_take(int fd, struct control_answer *a_r)
{
	ssize_t n = recv(fd, a_r, sizeof(*a_r), MSG_DONTWAIT | MSG_TRUNC);

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return 0;
	return n == (ssize_t)sizeof(*a_r) ? 1 : -1;
}

/*
 * asker - see asker.h.
 */
#include "config.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/text.h"
#include "submit/asker.h"

void
asker_init(struct asker *a, const char *path)
{
	*a = (struct asker){ .path = path, .fd = -1 };
}

void
asker_close(struct asker *a)
{
	if (a->fd != -1)
		close(a->fd);
	a->fd = -1;
}

/* Not net_unix_connect(), which would wait for one that is stuck. */
int
asker_connect(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd;

	if (text_copy(sun.sun_path, sizeof(sun.sun_path), path) != 0)
		return -1;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC,
	    0);
	/* EAGAIN: too many wait for it already. */
	if (fd != -1 && connect(fd, (const struct sockaddr *)&sun,
	    sizeof(sun)) != 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static int
reach(struct asker *a, bool *new_r)
{
	if (a->fd != -1)
		return 0;
	a->fd = asker_connect(a->path);
	if (a->fd == -1)
		return -1;
	*new_r = true;
	return 0;
}

int
asker_ask(struct asker *a, struct ask_question *q, size_t size,
    uint32_t *id_r, bool *new_r)
{
	*new_r = false;
	if (++a->last == 0)
		a->last = 1;
	q->version = ASK_VERSION;
	q->id = *id_r = a->last;
	/* Twice: it may have been started anew since the last question. */
	for (int try = 0; try < 2; try++) {
		if (reach(a, new_r) != 0)
			return -1;
		if (send(a->fd, q, size, MSG_DONTWAIT | MSG_NOSIGNAL) ==
		    (ssize_t)size)
			return 0;
		if (errno == EAGAIN)
			return -1;
		asker_close(a);
	}
	return -1;
}

bool
asker_take(struct asker *a, struct ask_answer *answer_r)
{
	ssize_t n;

	if (a->fd == -1)
		return false;
	n = recv(a->fd, answer_r, sizeof(*answer_r), MSG_DONTWAIT | MSG_TRUNC);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n != (ssize_t)sizeof(*answer_r) ||
	    memchr(answer_r->name, '\0', sizeof(answer_r->name)) == NULL ||
	    !variables_good(&answer_r->set)) {
		asker_close(a);
		return false;
	}
	return true;
}

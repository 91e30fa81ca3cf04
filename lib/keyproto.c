/*
 * keyproto - what a session asks of keysrvr: one message each way.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <sys/socket.h>

#include "lib/clock.h"
#include "lib/keyproto.h"

int
key_ask(int sock, const struct key_question *q, int64_t deadline,
    struct key_answer *a_r)
{
	size_t size = offsetof(struct key_question, data) + q->len;
	struct pollfd p = { sock, POLLIN, 0 };
	ssize_t n;
	int ready;

	a_r->len = 0;
	if (q->len > KEY_MOST ||
	    send(sock, q, size, MSG_NOSIGNAL) != (ssize_t)size)
		return -1;
	do {
		ready = poll(&p, 1, clock_left(deadline));
	} while (ready < 0 && errno == EINTR);
	if (ready <= 0)
		return -1;
	n = recv(sock, a_r, sizeof *a_r, 0);
	if (n < (ssize_t)offsetof(struct key_answer, data) ||
	    a_r->len == 0 || a_r->len > KEY_MOST ||
	    (size_t)n != offsetof(struct key_answer, data) + a_r->len) {
		a_r->len = 0;
		return -1;
	}
	return 0;
}

/*
 * life - what is said on a session's lifetime socket.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include "lib/clock.h"
#include "lib/life.h"

int
life_tell(int sock, const struct life_report *r)
{
	ssize_t n;

	do {
		n = send(sock, r, sizeof(*r), MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof(*r) ? 0 : -1;
}

int
life_ask(int sock, const struct life_report *ask, int64_t deadline,
    struct life_answer *a_r)
{
	struct pollfd p = { sock, POLLIN, 0 };
	int n;

	if (life_tell(sock, ask) != 0)
		return -1;
	do {
		n = poll(&p, 1, clock_left(deadline));
	} while (n < 0 && errno == EINTR);
	if (n <= 0 || recv(sock, a_r, sizeof(*a_r), MSG_DONTWAIT) !=
	    (ssize_t)sizeof(*a_r))
		return -1;
	a_r->limit[sizeof(a_r->limit) - 1] = '\0';
	return 0;
}

int
life_hear(int sock, struct life_report *r_r)
{
	ssize_t n;

	do {
		n = recv(sock, r_r, sizeof(*r_r), MSG_DONTWAIT | MSG_TRUNC);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return -1;
	if (n > 0 && n != (ssize_t)sizeof(*r_r))
		memset(r_r, 0, sizeof(*r_r));
	return n > 0;
}

void
life_reply(int sock, const struct life_answer *a)
{
	/* One answer to one question: there is room, or it is no session. */
	(void)!send(sock, a, sizeof(*a), MSG_DONTWAIT | MSG_NOSIGNAL);
}

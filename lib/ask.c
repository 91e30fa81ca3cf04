/*
 * ask - questions to lookup, one message each way.
 *
 * Runs in sessions and in submit.  lookup reads what strangers' name servers
 * say, so its answer is checked like anybody's: size, outcome, the name's
 * letters.  Every trouble means "later", never "no name".
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include "lib/ask.h"
#include "lib/clock.h"
#include "lib/text.h"

_Static_assert(sizeof(struct ask_question) == 8 + sizeof(struct netaddr),
    "a hole in struct ask_question");
_Static_assert(sizeof(struct ask_access_question) ==
    sizeof(struct ask_question) + 2 * ASK_DAEMON + 256,
    "a hole in struct ask_access_question");
_Static_assert(sizeof(struct ask_host_question) ==
    sizeof(struct ask_question) + 256, "a hole in struct ask_host_question");
_Static_assert(sizeof(struct ask_list) == 8 + ASK_LIST *
    (sizeof(uint16_t) + 256 + sizeof(struct netaddr)),
    "a hole in struct ask_list");
_Static_assert(sizeof(struct ask_answer) == 8 + 256 +
    VARIABLES_ROOM,
    "a hole in struct ask_answer");

/* 0 when sock is ready (or broken: the next call on it says so), or -1. */
static int
wait_for(int sock, short events, int64_t deadline)
{
	struct pollfd p = { .fd = sock, .events = events };
	int n;

	while ((n = poll(&p, 1, clock_left(deadline))) == -1 && errno == EINTR)
		continue;
	if (n == 0)
		errno = ETIMEDOUT;
	return n > 0 ? 0 : -1;
}

static bool
again(void)
{
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

static int
send_question(int sock, const void *q, size_t size, int64_t deadline)
{
	while (send(sock, q, size, MSG_DONTWAIT | MSG_NOSIGNAL) !=
	    (ssize_t)size)
		if (!again() || wait_for(sock, POLLOUT, deadline) == -1)
			return -1;
	return 0;
}

static int
take_answer(int sock, void *a, size_t size, int64_t deadline)
{
	ssize_t n;

	do {
		if (wait_for(sock, POLLIN, deadline) == -1)
			return -1;
		/* recv, for the session's filter knows no recvmsg. */
		n = recv(sock, a, size, MSG_DONTWAIT | MSG_TRUNC);
	} while (n == -1 && again());
	return n == (ssize_t)size ? 0 : -1;
}

/* Host names of the DNS as they are, underscores and all; never a literal. */
static bool
good_name(const char *name, size_t size)
{
	size_t i;
	char last = '.';

	for (i = 0; i < size && name[i] != '\0'; last = name[i++])
		if (!((name[i] >= 'a' && name[i] <= 'z') ||
		    (name[i] >= '0' && name[i] <= '9') || name[i] == '-' ||
		    name[i] == '_' || (name[i] == '.' && last != '.')))
			return false;
	return i > 0 && i < size && last != '.';
}

bool
ask_good(enum ask_kind kind, const struct ask_answer *a)
{
	if (!variables_good(&a->set))
		return false;
	if (kind == ASK_ACCESS)
		return a->outcome >= ASK_ALLOWED && a->outcome <= ASK_UNSURE;
	if (kind == ASK_IDNA && a->outcome == ASK_HOST_FOUND)
		return good_name(a->name, sizeof(a->name));
	if (kind != ASK_NAME)
		return a->outcome >= ASK_HOST_FOUND &&
		    a->outcome <= ASK_HOST_LATER && a->name[0] == '\0';
	switch (a->outcome) {
	case ASK_FOUND:
		return good_name(a->name, sizeof(a->name));
	case ASK_NONE:
	case ASK_LATER:
		return a->name[0] == '\0';
	default:
		return false;
	}
}

/* What is as good as no answer. */
static int
no_answer(int kind)
{
	switch (kind) {
	case ASK_NAME:
		return ASK_LATER;
	case ASK_ACCESS:
		return ASK_UNSURE;
	default:
		return ASK_HOST_LATER;
	}
}

/* q begins a question of that size, without its id. */
static int
ask(int sock, struct ask_question *q, size_t size, int64_t deadline,
    struct ask_answer *answer_r)
{
	/* An answer that is late, to an earlier question, has another. */
	q->version = ASK_VERSION;
	q->id = (uint32_t)clock_wall_us();
	if (send_question(sock, q, size, deadline) == 0) {
		while (take_answer(sock, answer_r, sizeof(*answer_r),
		    deadline) == 0) {
			if (answer_r->id != q->id)
				continue;
			if (ask_good((enum ask_kind)q->kind, answer_r))
				return 0;
			break;
		}
	}
	memset(answer_r, 0, sizeof(*answer_r));
	answer_r->outcome = (uint8_t)no_answer(q->kind);
	return -1;
}

int
ask_name(int sock, const struct netaddr *a, int64_t deadline,
    struct ask_answer *answer_r)
{
	struct ask_question q = { .kind = ASK_NAME, .address = *a };

	return ask(sock, &q, sizeof(q), deadline, answer_r);
}

int
ask_access(int sock, struct ask_access_question *q, int64_t deadline,
    struct ask_answer *answer_r)
{
	q->q.kind = ASK_ACCESS;
	return ask(sock, &q->q, sizeof(*q), deadline, answer_r);
}

int
ask_host(int sock, enum ask_kind kind, const char *name,
    const struct netaddr *a, int64_t deadline, struct ask_answer *answer_r)
{
	struct ask_host_question q = { .q.kind = (uint8_t)kind };

	if (a != NULL)
		q.q.address = *a;
	if (text_copy(q.name, sizeof(q.name), name) == 0)
		return ask(sock, &q.q, sizeof(q), deadline, answer_r);
	*answer_r = (struct ask_answer){ .outcome = ASK_HOST_NONE };
	return 0;
}

bool
ask_list_good(enum ask_kind kind, const struct ask_list *l)
{
	size_t i;

	if (l->outcome < ASK_HOST_FOUND || l->outcome > ASK_HOST_LATER ||
	    l->n > ASK_LIST || (l->n > 0) != (l->outcome == ASK_HOST_FOUND))
		return false;
	for (i = 0; i < l->n; i++) {
		if (kind == ASK_MX && !good_name(l->name[i],
		    sizeof(l->name[i])))
			return false;
		if (kind == ASK_ADDRESSES && l->address[i].family != 4 &&
		    l->address[i].family != 6)
			return false;
	}
	return true;
}

int
ask_list(int sock, enum ask_kind kind, const char *name, int64_t deadline,
    struct ask_list *list_r)
{
	struct ask_host_question q = { .q.kind = (uint8_t)kind };

	memset(list_r, 0, sizeof(*list_r));
	list_r->outcome = ASK_HOST_NONE;
	if (text_copy(q.name, sizeof(q.name), name) == -1)
		return 0;
	q.q.version = ASK_VERSION;
	q.q.id = (uint32_t)clock_wall_us();
	if (send_question(sock, &q, sizeof(q), deadline) == 0) {
		while (take_answer(sock, list_r, sizeof(*list_r),
		    deadline) == 0) {
			if (list_r->id != q.q.id)
				continue;
			if (ask_list_good(kind, list_r))
				return 0;
			break;
		}
	}
	memset(list_r, 0, sizeof(*list_r));
	list_r->outcome = ASK_HOST_LATER;
	return -1;
}

int
ask_grey(int sock, enum ask_kind kind, struct ask_grey_question *q,
    int64_t deadline, struct ask_grey_answer *a_r)
{
	q->q.version = ASK_VERSION;
	q->q.kind = (uint8_t)kind;
	q->q.id = (uint32_t)clock_wall_us();
	if (send_question(sock, q, sizeof(*q), deadline) == 0) {
		while (take_answer(sock, a_r, sizeof(*a_r), deadline) == 0) {
			if (a_r->id != q->q.id)
				continue;
			if (a_r->outcome >= ASK_GREY_WAIT &&
			    a_r->outcome <= ASK_GREY_BROKEN)
				return 0;
			break;
		}
	}
	*a_r = (struct ask_grey_answer){ .outcome = ASK_GREY_BROKEN };
	return -1;
}

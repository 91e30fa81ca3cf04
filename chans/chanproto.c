/*
 * chanproto - encoding and checks of the dialogue with channel programs.
 *
 * deliver does not trust a program's answers further than their form: they
 * are checked here, and that they belong to the request is checked by the
 * caller.
 */
#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "chans/chanproto.h"
#include "lib/fdio.h"
#include "lib/text.h"

/* Whether code is "class.d{1,3}.d{1,3}" (RFC 3463 2). */
static bool
code_good(const char *code, char class)
{
	int dots = 0, digits = 0;
	size_t i;

	if (code[0] != class || code[1] != '.')
		return false;
	for (i = 1; code[i] != '\0'; i++) {
		if (code[i] == '.') {
			if (dots > 0 && digits == 0)
				return false;
			dots++;
			digits = 0;
		} else if (code[i] >= '0' && code[i] <= '9') {
			if (++digits > 3)
				return false;
		} else
			return false;
	}
	return dots == 2 && digits > 0;
}

void
chanproto_fill(struct chan_answer *a, enum chan_outcome outcome,
    const char *code, const char *fmt, ...)
{
	va_list ap;
	char *p;

	a->outcome = (uint8_t)outcome;
	a->flags = 0;
	memset(a->pad, 0, sizeof a->pad);
	snprintf(a->code, sizeof a->code, "%s", code);
	va_start(ap, fmt);
	vsnprintf(a->text, sizeof a->text, fmt, ap);
	va_end(ap);
	for (p = a->text; *p != '\0'; p++) {
		if (!text_printable(p, 1))
			*p = '?';
	}
}

static size_t
request_size(uint32_t n)
{
	return offsetof(struct chan_request, index) + n * sizeof(uint32_t);
}

int
chanproto_ask(int sock, const struct chan_request *r, int entry)
{
	return fd_pass(sock, r, request_size(r->n), &entry, 1,
	    MSG_DONTWAIT | MSG_NOSIGNAL);
}

int
chanproto_take(int sock, bool wait, struct chan_request *r_r, int *entry_r)
{
	int nfds = 1;
	ssize_t got;

	*entry_r = -1;
	do {
		nfds = 1;
		got = fd_take(sock, r_r, sizeof *r_r, entry_r, &nfds,
		    wait ? 0 : MSG_DONTWAIT);
	} while (got == -1 && errno == EINTR);
	if (got == 0) {
		errno = 0;
		return -1;
	}
	if (got == -1)
		return -1;
	if (nfds == 1 && (size_t)got >= request_size(0) &&
	    r_r->version == CHANPROTO_VERSION && r_r->n > 0 &&
	    r_r->n <= CHANPROTO_RECIPIENTS &&
	    (size_t)got == request_size(r_r->n))
		return 0;
	if (nfds == 1)
		close(*entry_r);
	*entry_r = -1;
	errno = EBADMSG;
	return -1;
}

int
chanproto_answer(int sock, const struct chan_answer *a)
{
	ssize_t put;

	do {
		put = send(sock, a, sizeof *a, MSG_NOSIGNAL);
	} while (put == -1 && errno == EINTR);
	return put == (ssize_t)sizeof *a ? 0 : -1;
}

/* Flags that this outcome may have. */
static bool
flags_good(const struct chan_answer *a)
{
	int good = CHAN_SAID;

	if (a->outcome == CHAN_DELIVERED)
		good |= CHAN_RELAYED_DSN | CHAN_RELAYED_NO_DSN |
		    CHAN_RELAYED_NO_BY;
	else if (a->outcome == CHAN_LATER)
		good |= CHAN_HOST_DOWN;
	return (a->flags & ~good) == 0;
}

static bool
answer_good(const struct chan_answer *a)
{
	static const char class[] = { 0, '2', '4', '5' };

	if (a->outcome == CHAN_SETTLES)
		return a->index > 0;
	if (a->outcome == CHAN_WORKING)
		return true;
	return a->outcome >= CHAN_DELIVERED && a->outcome <= CHAN_NEVER &&
	    flags_good(a) &&
	    memchr(a->code, '\0', sizeof a->code) != NULL &&
	    memchr(a->text, '\0', sizeof a->text) != NULL &&
	    code_good(a->code, class[a->outcome]) &&
	    text_printable(a->text, strlen(a->text));
}

int
chanproto_hear(int sock, struct chan_answer *a_r)
{
	ssize_t got;

	do {
		got = recv(sock, a_r, sizeof *a_r, MSG_DONTWAIT | MSG_TRUNC);
	} while (got == -1 && errno == EINTR);
	if (got == -1)
		return -1;
	if (got == 0) {
		errno = 0;
		return -1;
	}
	if (got != (ssize_t)sizeof *a_r || !answer_good(a_r)) {
		errno = EBADMSG;
		return -1;
	}
	return 0;
}

/*
 * records - one message each way; see records.h.
 *
 *	question	struct ask_question, then 32 bits of time, and for each
 *			type, zone, and the name with its NUL
 *	answer		32 bits of id, n, and for each outcome, flags, 16 bits
 *			of length, and so many bytes
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include "lib/clock.h"
#include "lib/records.h"
#include "lib/text.h"

#define QUESTION (sizeof(struct ask_question) + 4)
#define ANSWER 5
#define ITEM 4
#define SPARE_MS 200		/* for the answer's way */

enum { CACHED = 1, CUT = 2 };

_Static_assert(QUESTION + RECORDS_MOST * (2 + RECORDS_NAME) <=
    sizeof(((struct records *)0)->room), "a question fits");

void
records_begin(struct records *r, int64_t time)
{
	r->n = 0;
	r->time = time > 0 && time <= INT32_MAX ? (uint32_t)time : 0;
}

/* Labels of 1 to 63 printable characters, and 253 in all. */
static bool
good_name(const char *name)
{
	size_t label = 0, i;

	for (i = 0; name[i] != '\0'; i++) {
		if (name[i] <= ' ' || name[i] >= 0x7f || name[i] == '\\')
			return false;
		if (name[i] != '.')
			label++;
		else if (label == 0)
			return false;
		else
			label = 0;
		if (label > 63)
			return false;
	}
	return label > 0 && i < RECORDS_NAME;
}

int
records_add(struct records *r, enum records_type type, const char *name,
    const char *zone)
{
	struct records_asked *a = &r->asked[r->n];

	if (r->n == RECORDS_MOST || !good_name(name) ||
	    text_copy(a->name, sizeof(a->name), name) == -1)
		return -1;
	for (char *p = a->name; *p != '\0'; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
	a->type = (uint8_t)type;
	a->zone = zone != NULL ? (uint8_t)(strlen(name) - strlen(zone)) : 0;
	r->n++;
	return 0;
}

static void
put32(uint8_t *p, uint32_t n)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(n >> 8 * i);
}

static uint32_t
get32(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	    (uint32_t)p[3] << 24;
}

static size_t
make_question(struct records *r, uint32_t id)
{
	struct ask_question q = { .version = ASK_VERSION,
	    .kind = ASK_RECORDS, .id = id };
	size_t at = QUESTION, len;

	memcpy(r->room, &q, sizeof(q));
	put32(r->room + sizeof(q), r->time);
	for (int i = 0; i < r->n; i++) {
		len = strlen(r->asked[i].name) + 1;
		r->room[at++] = r->asked[i].type;
		r->room[at++] = r->asked[i].zone;
		memcpy(r->room + at, r->asked[i].name, len);
		at += len;
	}
	return at;
}

int
records_read(struct records *r, const void *p, size_t len)
{
	const uint8_t *from = p, *end = from + len, *nul;

	r->n = 0;
	if (len < QUESTION)
		return -1;
	r->time = get32(from + sizeof(struct ask_question));
	for (from += QUESTION; from < end; from = nul + 1) {
		struct records_asked *a = &r->asked[r->n];

		if (r->n == RECORDS_MOST || end - from < 4 ||
		    from[0] < RECORDS_A || from[0] > RECORDS_LISTED)
			return -1;
		a->type = from[0];
		a->zone = from[1];
		from += 2;
		nul = memchr(from, '\0', (size_t)(end - from));
		if (nul == NULL || nul - from >= RECORDS_NAME)
			return -1;
		memcpy(a->name, from, (size_t)(nul - from) + 1);
		if (!good_name(a->name) || a->zone > nul - from - 1)
			return -1;
		r->n++;
	}
	return r->n > 0 ? 0 : -1;
}

bool
records_next(const struct records_got *g, size_t *at, const uint8_t **p_r,
    size_t *len_r)
{
	size_t len;

	if (g->len - *at < 2)
		return false;
	len = g->p[*at] | (size_t)g->p[*at + 1] << 8;
	if (g->len - *at - 2 < len)
		return false;
	*p_r = g->p + *at + 2;
	*len_r = len;
	*at += 2 + len;
	return true;
}

/* Whole records only, so many bytes of them at most. */
static size_t
whole(const struct records_got *g, size_t most)
{
	const uint8_t *p;
	size_t at = 0, good = 0, len;

	while (records_next(g, &at, &p, &len) && at <= most)
		good = at;
	return good;
}

size_t
records_write(struct records *r, uint32_t id)
{
	/* Who asks for much at once asks for little of each. */
	size_t at = ANSWER, len, most = r->n == 1 ? RECORDS_DATA :
	    (sizeof(r->room) - ANSWER) / (size_t)r->n - ITEM;

	put32(r->room, id);
	r->room[4] = (uint8_t)r->n;
	for (int i = 0; i < r->n; i++) {
		const struct records_got *g = &r->got[i];

		len = g->outcome == RECORDS_FOUND ? whole(g, most) : 0;
		r->room[at++] = g->outcome;
		r->room[at++] = (uint8_t)((g->cached ? CACHED : 0) |
		    (g->cut || (g->outcome == RECORDS_FOUND && len < g->len) ?
		    CUT : 0));
		r->room[at++] = (uint8_t)len;
		r->room[at++] = (uint8_t)(len >> 8);
		if (len > 0)
			memcpy(r->room + at, g->p, len);
		at += len;
	}
	return at;
}

/* All that it says is within its len bytes; -1: it is no answer to r. */
static int
read_answer(struct records *r, size_t len)
{
	size_t at = ANSWER;

	if (len < ANSWER || r->room[4] != r->n)
		return -1;
	for (int i = 0; i < r->n; i++) {
		struct records_got *g = &r->got[i];

		if (len - at < ITEM)
			return -1;
		g->outcome = r->room[at];
		g->cached = (r->room[at + 1] & CACHED) != 0;
		g->cut = (r->room[at + 1] & CUT) != 0;
		g->len = (uint16_t)(r->room[at + 2] | r->room[at + 3] << 8);
		at += ITEM;
		g->p = r->room + at;
		if (g->outcome > RECORDS_ERROR || len - at < g->len ||
		    whole(g, g->len) != g->len)
			return -1;
		at += g->len;
	}
	return at == len ? 0 : -1;
}

/* 0 when sock is ready (or broken: the next call on it says so), or -1. */
static int
wait_for(int sock, int64_t deadline)
{
	struct pollfd p = { .fd = sock, .events = POLLIN };
	int n;

	while ((n = poll(&p, 1, clock_left(deadline))) == -1 && errno == EINTR)
		continue;
	return n > 0 ? 0 : -1;
}

static int
converse(struct records *r, int sock)
{
	uint32_t id = (uint32_t)clock_wall_us();
	int64_t deadline = clock_ms() + r->time + SPARE_MS;
	size_t len = make_question(r, id);
	ssize_t n;

	if (send(sock, r->room, len, MSG_DONTWAIT | MSG_NOSIGNAL) !=
	    (ssize_t)len)
		return -1;
	for (;;) {
		if (wait_for(sock, deadline) == -1)
			return -1;
		n = recv(sock, r->room, sizeof(r->room),
		    MSG_DONTWAIT | MSG_TRUNC);
		if (n == -1 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n < ANSWER || (size_t)n > sizeof(r->room))
			return -1;
		if (get32(r->room) == id)
			return read_answer(r, (size_t)n);
		/* A late one, to an earlier question. */
	}
}

int
records_ask(struct records *r, int sock)
{
	if (r->n == 0)
		return 0;
	if (sock >= 0 && converse(r, sock) == 0)
		return 0;
	for (int i = 0; i < r->n; i++)
		r->got[i] = (struct records_got){ .outcome = RECORDS_LATER };
	return -1;
}

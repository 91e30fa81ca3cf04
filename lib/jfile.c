/*
 * jfile - see jfile.h.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>
#include "lib/digest.h"
#include "lib/fdio.h"
#include "lib/jfile.h"
#include "lib/le.h"
#include "lib/qfile.h"
#include "lib/xalloc.h"

#define SEGMENT_MAGIC "INLETJS1"
#define RECORD_MAGIC "INLETJR1"
#define MAGIC_LEN 8
#define SEGMENT_SUM 40		/* where it stands */
#define RECORD_ID 56
#define RECORD_SUM 88
#define SLOT_SUM 24

/* All of it; 0, or -1 with errno, ENODATA where the file ends before. */
static int
read_at(int fd, void *p, size_t len, uint64_t at)
{
	char *to = p;

	while (len > 0) {
		ssize_t n = pread(fd, to, len, (off_t)at);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == 0)
			errno = ENODATA;
		if (n <= 0)
			return -1;
		to += n;
		at += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

void
jfile_segment_name(char name_r[JFILE_NAME], size_t number)
{
	snprintf(name_r, JFILE_NAME, "s%02u", (unsigned)(number % 100));
}

static uint64_t
round_up(uint64_t n, uint64_t to)
{
	return (n + to - 1) / to * to;
}

uint64_t
jfile_after(uint64_t at, uint64_t length)
{
	return round_up(at + JFILE_HEAD + length, JFILE_ALIGN);
}

uint64_t
jfile_next_block(uint64_t at)
{
	return round_up(at, JFILE_BLOCK);
}

void
jfile_put_segment(unsigned char *p, struct jsegment *s)
{
	memset(p, 0, JFILE_BLOCK);
	memcpy(p, SEGMENT_MAGIC, MAGIC_LEN);
	le_put(p + 8, s->number, 8);
	le_put(p + 16, s->generation, 8);
	le_put(p + 24, s->size, 8);
	le_put(p + 32, s->random, 8);
	s->sum = digest_of(p, SEGMENT_SUM);
	le_put(p + SEGMENT_SUM, s->sum, 8);
}

int
jfile_get_segment(int fd, size_t number, struct jsegment *s_r)
{
	unsigned char p[JFILE_BLOCK];
	size_t i = 0;

	memset(s_r, 0, sizeof(*s_r));
	if (read_at(fd, p, sizeof(p), 0) != 0)
		return -1;
	while (i < sizeof(p) && p[i] == 0)
		i++;
	if (i == sizeof(p))
		return 0;
	errno = 0;
	*s_r = (struct jsegment){ .number = le_get(p + 8, 8),
		.generation = le_get(p + 16, 8), .size = le_get(p + 24, 8),
		.random = le_get(p + 32, 8),
		.sum = le_get(p + SEGMENT_SUM, 8) };
	if (memcmp(p, SEGMENT_MAGIC, MAGIC_LEN) != 0 ||
	    s_r->number != number || s_r->generation == 0 ||
	    s_r->sum != digest_of(p, SEGMENT_SUM))
		return -1;
	return 1;
}

void
jfile_put_record(unsigned char *p, struct jrecord *r)
{
	memset(p, 0, JFILE_HEAD);
	memcpy(p, RECORD_MAGIC, MAGIC_LEN);
	le_put(p + 8, r->generation, 8);
	le_put(p + 16, r->at, 8);
	le_put(p + 24, r->length, 8);
	le_put(p + 32, r->next, 8);
	le_put(p + 40, r->before, 8);
	le_put(p + 48, r->digest, 8);
	memcpy(p + RECORD_ID, r->id, strnlen(r->id, TRACE_ID - 1));
	r->sum = digest_of(p, RECORD_SUM);
	le_put(p + RECORD_SUM, r->sum, 8);
}

/* Whether p is the head of a record at at, with all that it says in bounds. */
static bool
get_record(const unsigned char p[JFILE_HEAD], const struct jwalk *w,
    uint64_t at, struct jrecord *r_r)
{
	uint64_t after;

	if (memcmp(p, RECORD_MAGIC, MAGIC_LEN) != 0)
		return false;
	*r_r = (struct jrecord){ .generation = le_get(p + 8, 8),
		.at = le_get(p + 16, 8), .length = le_get(p + 24, 8),
		.next = le_get(p + 32, 8), .before = le_get(p + 40, 8),
		.digest = le_get(p + 48, 8), .sum = le_get(p + RECORD_SUM, 8) };
	memcpy(r_r->id, p + RECORD_ID, TRACE_ID);
	if (r_r->sum != digest_of(p, RECORD_SUM) || r_r->at != at ||
	    r_r->generation != w->generation ||
	    r_r->id[TRACE_ID - 1] != '\0' || r_r->length > w->size)
		return false;
	after = jfile_after(at, r_r->length);
	return r_r->length >= QFILE_TRAILER && r_r->next <= w->size &&
	    (r_r->next == after || r_r->next == jfile_next_block(after));
}

static void
put_slot(unsigned char *p, size_t number, const struct jslot *s)
{
	unsigned char whole[8 + SLOT_SUM];

	le_put(p, s->generation, 8);
	le_put(p + 8, s->end, 8);
	le_put(p + 16, s->closed, 8);
	le_put(whole, number, 8);
	memcpy(whole + 8, p, SLOT_SUM);
	le_put(p + SLOT_SUM, digest_of(whole, sizeof(whole)), 8);
}

int
jfile_get_slot(int fd, size_t number, struct jslot *s_r)
{
	unsigned char p[JFILE_SLOT], good[JFILE_SLOT];

	*s_r = (struct jslot){ .generation = 0 };
	if (read_at(fd, p, sizeof(p), number * JFILE_SLOT) != 0)
		return errno == ENODATA ? 0 : -1;
	*s_r = (struct jslot){ .generation = le_get(p, 8),
		.end = le_get(p + 8, 8),
		.closed = le_get(p + 16, 8) == 1 };
	put_slot(good, number, s_r);
	if (memcmp(p, good, sizeof(p)) != 0)
		*s_r = (struct jslot){ .generation = 0 };
	return 0;
}

int
jfile_put_slot(int fd, size_t number, const struct jslot *s)
{
	unsigned char p[JFILE_SLOT];

	put_slot(p, number, s);
	return fd_pwrite(fd, p, sizeof(p), (off_t)(number * JFILE_SLOT));
}

void
jfile_walk(struct jwalk *w_r, int fd, const struct jsegment *s, uint64_t end)
{
	*w_r = (struct jwalk){ .fd = fd, .generation = s->generation,
		.at = JFILE_BLOCK, .sum = s->sum,
		.end = end > s->size ? s->size : end, .size = s->size };
}

/* The first place from at on, before the end, where a head is. */
static int
find_head(const struct jwalk *w, uint64_t at, struct jrecord *r_r)
{
	unsigned char p[JFILE_HEAD];

	for (; at + JFILE_HEAD <= w->end; at += JFILE_ALIGN) {
		if (read_at(w->fd, p, sizeof(p), at) != 0)
			return -1;
		if (get_record(p, w, at, r_r) && r_r->next <= w->end)
			return 0;
	}
	r_r->at = w->end;
	return 0;
}

static enum jstep
step_over(struct jwalk *w, struct jrecord *r_r)
{
	uint64_t from = w->at;

	if (find_head(w, w->at + JFILE_ALIGN, r_r) != 0)
		return JSTEP_ERROR;
	w->at = r_r->at;
	if (w->at < w->end)
		w->sum = r_r->before;
	memset(r_r, 0, sizeof(*r_r));
	r_r->at = from;
	r_r->next = w->at;
	return JSTEP_DAMAGED;
}

static void
take(struct jwalk *w, const struct jrecord *r)
{
	w->at = r->next;
	w->sum = r->sum;
}

enum jstep
jfile_step(struct jwalk *w, struct jrecord *r_r)
{
	unsigned char p[JFILE_HEAD];

	if (w->at >= w->end)
		return JSTEP_END;
	if (w->end - w->at < JFILE_HEAD)
		return step_over(w, r_r);
	if (read_at(w->fd, p, sizeof(p), w->at) != 0)
		return JSTEP_ERROR;
	if (!get_record(p, w, w->at, r_r) || r_r->before != w->sum ||
	    r_r->next > w->end)
		return step_over(w, r_r);
	take(w, r_r);
	return JSTEP_RECORD;
}

/* Whether the entry is what the head says, to its trailer. */
static int
check_entry(int fd, const struct jrecord *r, bool *good_r)
{
	unsigned char *p = jfile_read(fd, r->at + JFILE_HEAD, r->length);
	unsigned char trailer[QFILE_TRAILER];
	size_t text = (size_t)r->length - QFILE_TRAILER;

	if (p == NULL)
		return -1;
	qfile_trailer(trailer, le_get(p + text + 8, 8),
	    le_get(p + text + 16, 8),
	    r->digest);
	*good_r = memcmp(trailer, p + text, sizeof(trailer)) == 0 &&
	    le_get(p + text + 8, 8) <= text &&
	    le_get(p + text + 16, 8) == text - le_get(p + text + 8, 8) &&
	    digest_of(p, text) == r->digest;
	free(p);
	return 0;
}

bool
jfile_more(struct jwalk *w, struct jrecord *r_r)
{
	unsigned char p[JFILE_HEAD];
	bool good = false;

	errno = 0;
	if (w->at + JFILE_HEAD > w->size)
		return false;
	if (read_at(w->fd, p, sizeof(p), w->at) != 0)
		return false;
	errno = 0;
	if (!get_record(p, w, w->at, r_r) || r_r->before != w->sum)
		return false;
	if (check_entry(w->fd, r_r, &good) != 0 || !good)
		return false;
	take(w, r_r);
	w->end = w->at;
	return true;
}

bool
jfile_torn(const struct jwalk *w)
{
	unsigned char p[16];

	return w->at + sizeof(p) <= w->size &&
	    read_at(w->fd, p, sizeof(p), w->at) == 0 &&
	    memcmp(p, RECORD_MAGIC, MAGIC_LEN) == 0 &&
	    le_get(p + 8, 8) == w->generation;
}

void *
jfile_read(int fd, uint64_t at, uint64_t length)
{
	void *p = xmalloc((size_t)length);

	if (read_at(fd, p, (size_t)length, at) == 0)
		return p;
	free(p);
	return NULL;
}

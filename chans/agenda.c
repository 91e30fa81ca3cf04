/*
 * agenda - a heap by time and a hash by identifier over the same records.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "chans/agenda.h"
#include "lib/clock.h"
#include "lib/digest.h"
#include "lib/log.h"
#include "lib/text.h"
#include "lib/xalloc.h"

#define AGENDA_BUCKETS 1024	/* at first; a power of two */

struct agenda {
	struct known **heap;
	size_t n, room;
	size_t count;
	struct known **bucket;
	size_t buckets;
};

struct agenda *
agenda_new(void)
{
	struct agenda *a = xcalloc(1, sizeof *a);

	a->buckets = AGENDA_BUCKETS;
	a->bucket = xcalloc(a->buckets, sizeof *a->bucket);
	return a;
}

void
agenda_free(struct agenda *a)
{
	struct known *k, *next;
	size_t i;

	for (i = 0; i < a->buckets; i++) {
		for (k = a->bucket[i]; k != NULL; k = next) {
			next = k->chain;
			free(k->kept);
			free(k);
		}
	}
	free(a->bucket);
	free(a->heap);
	free(a);
}

size_t
agenda_count(const struct agenda *a)
{
	return a->count;
}

static struct known **
bucket_of(const struct agenda *a, const char *id)
{
	return &a->bucket[digest_of(id, strlen(id)) & (a->buckets - 1)];
}

/* As many as there are entries: each is looked up at every scan. */
static void
more_buckets(struct agenda *a)
{
	struct known **old = a->bucket, *k, *next, **bucket;
	size_t i, n = a->buckets;

	a->buckets = 2 * n;
	a->bucket = xcalloc(a->buckets, sizeof *a->bucket);
	for (i = 0; i < n; i++) {
		for (k = old[i]; k != NULL; k = next) {
			next = k->chain;
			bucket = bucket_of(a, k->id);
			k->chain = *bucket;
			*bucket = k;
		}
	}
	free(old);
}

struct known *
agenda_find(const struct agenda *a, const char *id)
{
	struct known *k;

	for (k = *bucket_of(a, id); k != NULL; k = k->chain) {
		if (strcmp(k->id, id) == 0)
			return k;
	}
	return NULL;
}

struct known *
agenda_add(struct agenda *a, const char *id)
{
	struct known *k = xcalloc(1, sizeof *k), **bucket;

	PANIC_IF(strlen(id) >= sizeof k->id);
	memcpy(k->id, id, strlen(id) + 1);
	k->at = SIZE_MAX;
	if (a->count++ == a->buckets)
		more_buckets(a);
	bucket = bucket_of(a, id);
	k->chain = *bucket;
	*bucket = k;
	return k;
}

static void
heap_place(struct agenda *a, size_t at, struct known *k)
{
	a->heap[at] = k;
	k->at = at;
}

static void
heap_up(struct agenda *a, size_t at)
{
	struct known *k = a->heap[at];
	size_t up;

	for (; at > 0; at = up) {
		up = (at - 1) / 2;
		if (a->heap[up]->due <= k->due)
			break;
		heap_place(a, at, a->heap[up]);
	}
	heap_place(a, at, k);
}

static void
heap_down(struct agenda *a, size_t at)
{
	struct known *k = a->heap[at];
	size_t down;

	while ((down = 2 * at + 1) < a->n) {
		if (down + 1 < a->n &&
		    a->heap[down + 1]->due < a->heap[down]->due)
			down++;
		if (k->due <= a->heap[down]->due)
			break;
		heap_place(a, at, a->heap[down]);
		at = down;
	}
	heap_place(a, at, k);
}

static void
heap_remove(struct agenda *a, struct known *k)
{
	size_t at = k->at;
	struct known *last;

	if (at == SIZE_MAX)
		return;
	k->at = SIZE_MAX;
	last = a->heap[--a->n];
	if (last == k)
		return;
	heap_place(a, at, last);
	heap_up(a, at);
	heap_down(a, last->at);
}

void
agenda_set(struct agenda *a, struct known *k, int64_t due)
{
	heap_remove(a, k);
	k->due = due;
	if (a->n == a->room) {
		a->room = a->room == 0 ? 256 : 2 * a->room;
		a->heap = xresize(a->heap, a->room, sizeof *a->heap);
	}
	heap_place(a, a->n, k);
	heap_up(a, a->n++);
}

struct known *
agenda_pop(struct agenda *a, int64_t now)
{
	struct known *k;

	if (a->n == 0 || a->heap[0]->due > now)
		return NULL;
	k = a->heap[0];
	heap_remove(a, k);
	return k;
}

int64_t
agenda_next(const struct agenda *a)
{
	return a->n == 0 ? CLOCK_NEVER : a->heap[0]->due;
}

void
agenda_forget(struct agenda *a, struct known *k)
{
	struct known **p = bucket_of(a, k->id);

	heap_remove(a, k);
	while (*p != k)
		p = &(*p)->chain;
	*p = k->chain;
	a->count--;
	free(k->kept);
	free(k);
}

void
agenda_each(const struct agenda *a, void (*each)(void *ctx, struct known *k),
    void *ctx)
{
	for (size_t i = 0; i < a->buckets; i++) {
		for (struct known *k = a->bucket[i]; k != NULL; k = k->chain)
			each(ctx, k);
	}
}

static uint64_t
bit_of(const char *domain)
{
	char low[256];
	size_t n = strnlen(domain, sizeof low - 1);

	memcpy(low, domain, n);
	low[n] = '\0';
	text_lower(low);
	return UINT64_C(1) << (digest_of(low, n) & 63);
}

uint64_t
agenda_domain(const char *domain, bool above)
{
	uint64_t bits = bit_of(domain);

	while (above && (domain = strchr(domain, '.')) != NULL)
		bits |= bit_of(++domain);
	return bits;
}

/*
 * snap - rows in one read-only mapping, with a hash index.
 *
 * Rows are gathered in ordinary memory, which is given back before anything
 * forks; then all is laid out once, in its exact size:
 *
 *	struct head | struct slot[slots] | rows, each: struct cell, key, value
 *
 * Offsets are from the start of the mapping, so that it could be anywhere.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/digest.h"
#include "lib/xalloc.h"
#include "tables/prefix.h"
#include "tables/snap.h"

/* An empty slot has at 0, where the head is. */
struct slot {
	uint32_t hash, at;
};

struct cell {
	uint32_t vlen;
	uint32_t line;
	uint16_t klen;
	uint16_t kind;		/* enum tbrow_kind */
};

struct head {
	size_t size;		/* of the whole mapping */
	size_t rows;		/* offset of the first, and end is size */
	uint32_t mask;		/* number of slots less one */
	int32_t holds;
	struct prefixes prefixes;
};

struct snap {
	const struct head *head;
	const char *base;
};

/*
 * A row as it came.  next: the next one with the same key, 0 for none; the
 * first of a key also knows the last, and the length of all values joined.
 */
struct gathered {
	uint32_t next, last, joined;
	struct cell cell;
};

struct snap_maker {
	char *p;		/* of each row: struct gathered, key, value */
	size_t len, room;
	struct slot *slots;
	uint32_t mask, used;
	int holds;
	struct prefixes prefixes;
};

#define ALIGN 4
#define SNAP_MOST UINT32_MAX	/* offsets are 32 bits */
/*
 * A fork copies the page table of private memory, and takes a fault for each
 * page of shared memory that it reads: for few pages the first is cheaper.
 */
#define SMALL ((size_t)16384)

static size_t
aligned(size_t n)
{
	return (n + ALIGN - 1) & ~(size_t)(ALIGN - 1);
}

static uint32_t
hash_of(const char *key, size_t len)
{
	return (uint32_t)digest_of(key, len);
}

struct snap_maker *
snap_new(void)
{
	struct snap_maker *m = xcalloc(1, sizeof(*m));

	m->mask = 63;
	m->slots = xcalloc(m->mask + 1, sizeof(*m->slots));
	m->len = ALIGN;		/* so that no row is at 0 */
	return m;
}

void
snap_drop(struct snap_maker *m)
{
	free(m->p);
	free(m->slots);
	free(m);
}

static struct gathered *
gathered_at(struct snap_maker *m, uint32_t at)
{
	return (void *)(m->p + at);
}

/* The slot of the key, or the empty one where it belongs. */
static struct slot *
maker_slot(struct snap_maker *m, uint32_t hash, const char *key, size_t klen)
{
	uint32_t i = hash & m->mask;

	for (;; i = (i + 1) & m->mask) {
		struct slot *s = &m->slots[i];
		struct gathered *g;

		if (s->at == 0)
			return s;
		g = gathered_at(m, s->at);
		if (s->hash == hash && g->cell.klen == klen &&
		    memcmp(g + 1, key, klen) == 0)
			return s;
	}
}

/* At most half full, so that a search that finds nothing ends soon. */
static void
maker_grow(struct snap_maker *m)
{
	struct slot *old = m->slots;
	uint32_t n = m->mask + 1, i, k;

	m->mask = 2 * n - 1;
	m->slots = xcalloc((size_t)m->mask + 1, sizeof(*m->slots));
	for (i = 0; i < n; i++) {
		if (old[i].at == 0)
			continue;
		for (k = old[i].hash & m->mask; m->slots[k].at != 0;)
			k = (k + 1) & m->mask;
		m->slots[k] = old[i];
	}
	free(old);
}

static uint32_t
gather(struct snap_maker *m, const struct tbrow *r, int line)
{
	size_t size = aligned(sizeof(struct gathered) + r->klen +
	    r->value.len);
	uint32_t at = (uint32_t)m->len;
	struct gathered *g;

	if (m->len + size > SNAP_MOST / 2)
		return 0;
	if (m->len + size > m->room) {
		m->room = 2 * (m->len + size) + 65536;
		m->p = xresize(m->p, m->room, 1);
	}
	g = gathered_at(m, at);
	memset(g, 0, sizeof(*g));
	g->last = at;
	g->joined = (uint32_t)r->value.len;
	g->cell.klen = (uint16_t)r->klen;
	g->cell.vlen = (uint32_t)r->value.len;
	g->cell.line = (uint32_t)line;
	g->cell.kind = (uint16_t)r->kind;
	memcpy(g + 1, r->key, r->klen);
	if (r->value.len > 0)
		memcpy((char *)(g + 1) + r->klen, r->value.p, r->value.len);
	m->len += size;
	return at;
}

/* The line of the row that says the opposite; 0: there is none. */
static int
contrary(struct snap_maker *m, const struct tbrow *r)
{
	char key[1 + TBROW_KEY] = "!";

	if (r->key[0] == '!')
		return snap_line(m, r->key + 1, r->klen - 1);
	if ((m->holds & TB_NEGATIONS) == 0)
		return 0;
	memcpy(key + 1, r->key, r->klen);
	return snap_line(m, key, 1 + r->klen);
}

/* Another row of a key that is there. */
static int
join(struct snap_maker *m, struct gathered *first, uint32_t at)
{
	struct gathered *g = gathered_at(m, at);

	gathered_at(m, first->last)->next = at;
	first->last = at;
	if (first->joined > 0 && g->joined > 0)
		first->joined += 2;
	first->joined += g->joined;
	return first->joined <= TBROW_VALUE ? 0 : -1;
}

int
snap_add(struct snap_maker *m, const struct tbrow *r, int line,
    struct buf *why_r)
{
	uint32_t hash = hash_of(r->key, r->klen), at;
	struct slot *s;
	int other = contrary(m, r);

	if (other != 0) {
		tb_why(why_r, "\"%.100s\" is the opposite of line %d", r->key,
		    other);
		return -1;
	}
	at = gather(m, r, line);
	if (at == 0) {
		tb_why(why_r, "too many rows");
		return -1;
	}
	prefix_note(&m->prefixes, &m->holds, r);
	s = maker_slot(m, hash, r->key, r->klen);
	if (s->at != 0) {
		if (join(m, gathered_at(m, s->at), at) == 0)
			return 0;
		tb_why(why_r, "too many values of \"%.100s\"", r->key);
		return -1;
	}
	s->hash = hash;
	s->at = at;
	if (++m->used > m->mask / 2)
		maker_grow(m);
	return 0;
}

int
snap_line(struct snap_maker *m, const char *key, size_t klen)
{
	struct slot *s = maker_slot(m, hash_of(key, klen), key, klen);

	return s->at == 0 ? 0 : (int)gathered_at(m, s->at)->cell.line;
}

static void
joined_copy(struct snap_maker *m, uint32_t at, char *dst)
{
	bool first = true;

	for (; at != 0; at = gathered_at(m, at)->next) {
		struct gathered *g = gathered_at(m, at);

		if (g->cell.vlen == 0)
			continue;
		if (!first) {
			*dst++ = ',';
			*dst++ = ' ';
		}
		memcpy(dst, (char *)(g + 1) + g->cell.klen, g->cell.vlen);
		dst += g->cell.vlen;
		first = false;
	}
}

/* Writes the row, all its values joined, at at of base. */
static void
put_row(struct snap_maker *m, uint32_t from, char *base, size_t at)
{
	struct gathered *g = gathered_at(m, from);
	struct cell *c = (void *)(base + at);

	*c = g->cell;
	c->vlen = g->joined;
	memcpy(c + 1, g + 1, c->klen);
	joined_copy(m, from, (char *)(c + 1) + c->klen);
}

/*
 * Lays out the rows, the first of each key in the order in which they came,
 * from at; gives the end of the last.  base null: only counts.
 */
static size_t
lay_out(struct snap_maker *m, size_t at, char *base, struct slot *slots)
{
	size_t from = ALIGN;

	while (from < m->len) {
		struct gathered *g = gathered_at(m, (uint32_t)from);
		const char *key = (const char *)(g + 1);
		struct slot *s = maker_slot(m, hash_of(key, g->cell.klen),
		    key, g->cell.klen);

		if (s->at == from) {
			if (base != NULL) {
				put_row(m, (uint32_t)from, base, at);
				slots[s - m->slots].hash = s->hash;
				slots[s - m->slots].at = (uint32_t)at;
			}
			at += aligned(sizeof(struct cell) + g->cell.klen +
			    g->joined);
		}
		from += aligned(sizeof(*g) + g->cell.klen + g->cell.vlen);
	}
	return at;
}

struct snap *
snap_finish(struct snap_maker *m, struct buf *why_r)
{
	size_t slots = ((size_t)m->mask + 1) * sizeof(struct slot);
	size_t rows = sizeof(struct head) + slots;
	size_t size = lay_out(m, rows, NULL, NULL);
	struct snap *s = NULL;
	struct head *head = MAP_FAILED;

	if (size <= SNAP_MOST)
		head = mmap(NULL, size, PROT_READ | PROT_WRITE,
		    (size <= SMALL ? MAP_PRIVATE : MAP_SHARED) |
		    MAP_ANONYMOUS, -1, 0);
	else
		errno = EFBIG;
	if (head != MAP_FAILED) {
		head->size = size;
		head->rows = rows;
		head->mask = m->mask;
		head->holds = m->holds;
		head->prefixes = m->prefixes;
		(void)lay_out(m, rows, (char *)head, (void *)(head + 1));
		s = xcalloc(1, sizeof(*s));
		s->head = head;
		s->base = (const char *)head;
		if (mprotect(head, size, PROT_READ) == -1) {
			snap_close(s);
			s = NULL;
		}
	}
	if (s == NULL)
		tb_why(why_r, "%s", strerror(errno));
	snap_drop(m);
	return s;
}

static const struct cell *
cell_at(const struct snap *s, size_t at)
{
	return (const void *)(s->base + at);
}

enum tb_answer
snap_find(void *state, const char *key, size_t len, struct buf *value_r,
    int *line_r)
{
	const struct snap *s = state;
	const struct slot *slots = (const void *)(s->head + 1);
	uint32_t hash = hash_of(key, len), i = hash & s->head->mask;
	const struct cell *c;

	for (;; i = (i + 1) & s->head->mask) {
		if (slots[i].at == 0)
			return TB_NOT_FOUND;
		c = cell_at(s, slots[i].at);
		if (slots[i].hash == hash && c->klen == len &&
		    memcmp(c + 1, key, len) == 0)
			break;
	}
	if (value_r != NULL && c->vlen > 0 &&
	    buf_add(value_r, (const char *)(c + 1) + c->klen, c->vlen) == -1)
		return TB_LATER;
	if (line_r != NULL)
		*line_r = (int)c->line;
	return TB_FOUND;
}

enum tb_answer
snap_find_address(void *state, const struct netaddr *a, struct buf *value_r,
    int *line_r)
{
	const struct snap *s = state;

	return prefix_find(&s->head->prefixes, s->head->holds, a, snap_find,
	    state, value_r, line_r);
}

int
snap_walk(void *state, int (*each)(void *arg, const char *key, size_t klen,
    const char *value, size_t vlen, int line), void *arg)
{
	const struct snap *s = state;
	size_t at = s->head->rows;
	int rc = 0;

	while (rc == 0 && at < s->head->size) {
		const struct cell *c = cell_at(s, at);
		const char *key = (const char *)(c + 1);

		rc = each(arg, key, c->klen, key + c->klen, c->vlen,
		    (int)c->line);
		at += aligned(sizeof(*c) + c->klen + c->vlen);
	}
	return rc;
}

int
snap_holds(void *state)
{
	const struct snap *s = state;

	return s->head->holds;
}

void
snap_close(void *state)
{
	struct snap *s = state;
	union {
		const struct head *c;
		void *p;
	} head = { .c = s->head };

	(void)munmap(head.p, s->head->size);
	free(s);
}

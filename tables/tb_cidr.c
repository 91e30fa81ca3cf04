/*
 * tb_cidr - the kind that is a set of prefixes.
 *
 * Nested prefixes are flattened when the table is opened: what is searched is
 * a sorted list of the addresses at which the answer changes, and which row
 * answers from there on.  All of it is in one read-only shared mapping:
 *
 *	struct head | IPv4 edges | IPv6 edges | rows: struct cell, key, value
 *
 * An edge is an address (4 or 16 bytes, in network order, so that memcmp
 * orders them) and the 4-byte offset of a row, 0 for none.  A negated prefix
 * is one like any other; its key says it.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/xalloc.h"
#include "tables/tb.h"
#include "tables/tbrow.h"

struct cell {
	uint32_t vlen, line;
	uint16_t klen;
	uint8_t family, bits;
	uint8_t ip[16];
};

struct head {
	size_t size;		/* of the whole mapping */
	size_t rows;		/* offset of the first */
	size_t edges[2], n[2];	/* IPv4, IPv6: offset and number */
};

struct cidr {
	const struct head *head;
	const char *base;
};

#define PREFIX_OPEN 129	/* prefixes that hold one another, at most */

/* Plain memory in which all is gathered before it is laid out. */
struct bytes {
	char *p;
	size_t len, room;
};

struct maker {
	struct bytes rows;
	struct bytes edges[2];
	uint32_t *order;	/* offsets of rows */
	size_t n, room;
};

static size_t
aligned(size_t n)
{
	return (n + 7) & ~(size_t)7;
}

/* Room for size more bytes; null: too much (offsets are 32 bits). */
static void *
more(struct bytes *b, size_t size)
{
	void *p;

	if (b->len + size > UINT32_MAX / 2)
		return NULL;
	if (b->len + size > b->room) {
		b->room = 2 * (b->len + size) + 65536;
		b->p = xresize(b->p, b->room, 1);
	}
	p = b->p + b->len;
	b->len += size;
	return p;
}

static struct cell *
maker_cell(const struct maker *m, uint32_t at)
{
	return (void *)(m->rows.p + at);
}

static int
add_row(struct maker *m, const struct tbrow *r, int line)
{
	struct cell *c;

	if (m->rows.len == 0)
		(void)more(&m->rows, 8);	/* no row is at 0 */
	c = more(&m->rows, aligned(sizeof(*c) + r->klen + r->value.len));
	if (c == NULL)
		return -1;
	memset(c, 0, sizeof(*c));
	c->vlen = (uint32_t)r->value.len;
	c->line = (uint32_t)line;
	c->klen = (uint16_t)r->klen;
	c->family = r->address.family;
	c->bits = (uint8_t)r->bits;
	memcpy(c->ip, r->address.ip, sizeof(c->ip));
	memcpy(c + 1, r->key, r->klen);
	if (r->value.len > 0)
		memcpy((char *)(c + 1) + r->klen, r->value.p, r->value.len);
	if (m->n == m->room) {
		m->room = 2 * m->room + 64;
		m->order = xresize(m->order, m->room, sizeof(*m->order));
	}
	m->order[m->n++] = (uint32_t)((char *)c - m->rows.p);
	return 0;
}

/* What qsort needs besides the two; sorting happens once, in one thread. */
static int
compare(const void *a, const void *b, void *arg)
{
	const struct maker *m = arg;
	const struct cell *x = maker_cell(m, *(const uint32_t *)a);
	const struct cell *y = maker_cell(m, *(const uint32_t *)b);
	int d = x->family - y->family;

	if (d == 0)
		d = memcmp(x->ip, y->ip, sizeof(x->ip));
	if (d == 0)
		d = x->bits - y->bits;
	if (d == 0)	/* the same prefix twice: by line */
		d = x->line < y->line ? -1 : 1;
	return d;
}

static const char *
cell_key(const struct cell *c)
{
	return (const char *)(c + 1);
}

static bool
same_prefix(const struct cell *a, const struct cell *b)
{
	return a->family == b->family && a->bits == b->bits &&
	    memcmp(a->ip, b->ip, sizeof(a->ip)) == 0;
}

/* Drops rows that say the same twice; two that differ are an error. */
static int
check_twice(struct maker *m, const char *path, struct buf *why_r)
{
	size_t i, n = 0;

	for (i = 0; i < m->n; i++) {
		const struct cell *c = maker_cell(m, m->order[i]), *last;

		last = n > 0 ? maker_cell(m, m->order[n - 1]) : NULL;
		if (last == NULL || !same_prefix(last, c)) {
			m->order[n++] = m->order[i];
		} else if (cell_key(last)[0] != cell_key(c)[0]) {
			tb_why(why_r, "%s:%u: \"%.*s\" is the opposite of "
			    "line %u", path, c->line, (int)c->klen,
			    cell_key(c), last->line);
			return -1;
		} else if (last->vlen != c->vlen ||
		    memcmp(cell_key(last) + last->klen,
		    cell_key(c) + c->klen, c->vlen) != 0) {
			tb_why(why_r, "%s:%u: \"%.*s\" has another value at "
			    "line %u", path, c->line, (int)c->klen,
			    cell_key(c), last->line);
			return -1;
		}
	}
	m->n = n;
	return 0;
}

/* The first address behind the prefix; false if there is none. */
static bool
address_behind(const struct cell *c, uint8_t next[16])
{
	int i = (c->bits + 7) / 8 - 1;
	unsigned add = 1u << ((8 - c->bits % 8) % 8);

	memcpy(next, c->ip, 16);
	for (; i >= 0; i--, add = 1) {
		unsigned sum = next[i] + add;

		next[i] = (uint8_t)sum;
		if (sum < 256)
			return true;
	}
	return false;
}

static bool
inside(const struct cell *outer, const struct cell *c)
{
	uint8_t next[16];

	if (outer->family != c->family)
		return false;
	return !address_behind(outer, next) ||
	    memcmp(c->ip, next, sizeof(next)) < 0;
}

/* From ip on, the row at answers; an edge at the same place is replaced. */
static int
add_edge(struct maker *m, int family, const uint8_t *ip, uint32_t row)
{
	size_t width = family == 4 ? 4 : 16;
	struct bytes *b = &m->edges[family == 6];
	char *e = b->len > 0 ? b->p + b->len - (width + 4) : NULL;

	if (e == NULL || memcmp(e, ip, width) != 0)
		e = more(b, width + 4);
	if (e == NULL)
		return -1;
	memcpy(e, ip, width);
	memcpy(e + width, &row, sizeof(row));
	return 0;
}

/*
 * Walks the sorted prefixes with the stack of those that are open.  They
 * nest or are apart, never cross, so that the top is always the longest.
 */
static int
flatten(struct maker *m)
{
	uint32_t open[PREFIX_OPEN];
	uint8_t next[16];
	size_t i, depth = 0;

	for (i = 0; i <= m->n; i++) {
		const struct cell *c = i < m->n ?
		    maker_cell(m, m->order[i]) : NULL, *top;

		while (depth > 0 && (c == NULL ||
		    !inside(maker_cell(m, open[depth - 1]), c))) {
			top = maker_cell(m, open[--depth]);
			if (address_behind(top, next) && add_edge(m,
			    top->family, next,
			    depth > 0 ? open[depth - 1] : 0) == -1)
				return -1;
		}
		if (c == NULL)
			break;
		if (add_edge(m, c->family, c->ip, m->order[i]) == -1)
			return -1;
		open[depth++] = m->order[i];
	}
	return 0;
}

/* Offsets of rows in edges are from the start of the rows. */
static struct cidr *
lay_out(const struct maker *m)
{
	size_t at4 = sizeof(struct head), at6, rows, size;
	struct head *head;
	struct cidr *t;

	at6 = aligned(at4 + m->edges[0].len);
	rows = aligned(at6 + m->edges[1].len);
	size = rows + m->rows.len;
	head = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (head == MAP_FAILED)
		return NULL;
	head->size = size;
	head->rows = rows;
	head->edges[0] = at4;
	head->edges[1] = at6;
	head->n[0] = m->edges[0].len / (4 + 4);
	head->n[1] = m->edges[1].len / (16 + 4);
	if (m->edges[0].len > 0)
		memcpy((char *)head + at4, m->edges[0].p, m->edges[0].len);
	if (m->edges[1].len > 0)
		memcpy((char *)head + at6, m->edges[1].p, m->edges[1].len);
	if (m->rows.len > 0)
		memcpy((char *)head + rows, m->rows.p, m->rows.len);
	if (mprotect(head, size, PROT_READ) == -1) {
		(void)munmap(head, size);
		return NULL;
	}
	t = xcalloc(1, sizeof(*t));
	t->head = head;
	t->base = (const char *)head;
	return t;
}

static int
read_rows(struct maker *m, const char *path, struct buf *why_r)
{
	struct tbfile f;
	struct tbrow r;
	int rc;

	if (tbfile_open(&f, path, why_r) == -1)
		return -1;
	tbrow_init(&r);
	while ((rc = tbfile_next(&f, &r, why_r)) == 1) {
		if (r.kind != TBROW_ADDRESS && r.kind != TBROW_PREFIX) {
			tb_why(why_r, "%s:%d: neither address nor prefix: "
			    "\"%.100s\"", path, f.line, r.key);
			rc = -1;
			break;
		}
		if (add_row(m, &r, f.line) == -1) {
			tb_why(why_r, "%s:%d: too many rows", path, f.line);
			rc = -1;
			break;
		}
	}
	tbrow_free(&r);
	tbfile_close(&f);
	return rc;
}

static int
cidr_open(const struct section *s, const char *path, void **state_r,
    struct buf *why_r)
{
	struct maker m = { .n = 0 };
	int rc;

	(void)s;
	*state_r = NULL;
	rc = read_rows(&m, path, why_r);
	if (rc == 0 && m.n > 0) {
		qsort_r(m.order, m.n, sizeof(*m.order), compare, &m);
		rc = check_twice(&m, path, why_r);
	}
	if (rc == 0) {
		errno = EFBIG;
		if (flatten(&m) == 0)
			*state_r = lay_out(&m);
		if (*state_r == NULL) {
			tb_why(why_r, "%s: %s", path, strerror(errno));
			rc = -1;
		}
	}
	free(m.rows.p);
	free(m.edges[0].p);
	free(m.edges[1].p);
	free(m.order);
	return rc;
}

static enum tb_answer
cidr_find_address(void *state, const struct netaddr *a, struct buf *value_r,
    int *line_r)
{
	const struct cidr *t = state;
	int six = a->family == 6;
	size_t width = six ? 16 : 4, low = 0, high = t->head->n[six];
	const char *edges = t->base + t->head->edges[six];
	const struct cell *c;
	uint32_t row;

	/* The last edge that is not behind the address is at low - 1. */
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (memcmp(edges + mid * (width + 4), a->ip, width) <= 0)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == 0)
		return TB_NOT_FOUND;
	memcpy(&row, edges + (low - 1) * (width + 4) + width, sizeof(row));
	if (row == 0)
		return TB_NOT_FOUND;
	c = (const void *)(t->base + t->head->rows + row);
	if (value_r != NULL && c->vlen > 0 &&
	    buf_add(value_r, cell_key(c) + c->klen, c->vlen) == -1)
		return TB_LATER;
	if (line_r != NULL)
		*line_r = (int)c->line;
	return cell_key(c)[0] == '!' ? TB_NEGATED : TB_FOUND;
}

static enum tb_answer
cidr_find(void *state, const char *key, size_t len, struct buf *value_r,
    int *line_r)
{
	struct netaddr a;

	(void)len;
	if (net_parse(key, &a) == -1)
		return TB_NOT_FOUND;
	return cidr_find_address(state, &a, value_r, line_r);
}

static int
cidr_walk(void *state, int (*each)(void *arg, const char *key, size_t klen,
    const char *value, size_t vlen, int line), void *arg)
{
	const struct cidr *t = state;
	size_t at = t->head->rows + 8;
	int rc = 0;

	while (rc == 0 && at < t->head->size) {
		const struct cell *c = (const void *)(t->base + at);
		const char *key = cell_key(c);

		rc = each(arg, key, c->klen, key + c->klen, c->vlen,
		    (int)c->line);
		at += aligned(sizeof(*c) + c->klen + c->vlen);
	}
	return rc;
}

static int
cidr_holds(void *state)
{
	(void)state;
	return TB_ADDRESSES;
}

static void
cidr_close(void *state)
{
	struct cidr *t = state;
	union {
		const struct head *c;
		void *p;
	} head = { .c = t->head };

	(void)munmap(head.p, t->head->size);
	free(t);
}

const struct tb_kind tb_cidr = {
	.name = "cidr",
	.open = cidr_open,
	.find = cidr_find,
	.find_address = cidr_find_address,
	.walk = cidr_walk,
	.holds = cidr_holds,
	.close = cidr_close,
};

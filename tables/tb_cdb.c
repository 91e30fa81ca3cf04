/*
 * tb_cdb - the kind that reads a constant database, as D. J. Bernstein's cdb,
 * tinycdb and many other programs make them.
 *
 *	256 times: offset of a hash table, and how many slots it has
 *	records: length of the key, length of the value, key, value
 *	hash tables; a slot is the hash and the offset of a record, 0 for none
 *
 * All numbers are 32 bits, the lowest byte first.  The file says nothing of
 * its own health: hence it is copied into a shared mapping when it is opened,
 * and every record is looked at, and looked for as a look-up would.  What
 * opens is whole, cannot be cut any more, and has only keys that can be found.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/xalloc.h"
#include "tables/prefix.h"
#include "tables/tb.h"
#include "tables/tbrow.h"

#define TABLES 256
#define HEAD ((size_t)TABLES * 8)
#define TRIES 10000000	/* 4,000 rows with one key */

struct cdb {
	const unsigned char *p;
	size_t size;
	size_t end;		/* of the records */
	int holds;
	struct prefixes prefixes;
};

/* What lies at an offset of the file. */
struct record {
	const char *key, *value;
	size_t klen, vlen;
};

/* The slots that the hash of a key leads to, one after another. */
struct slots {
	const unsigned char *table;
	uint32_t hash, n, next, left;
};

static uint32_t
number(const unsigned char *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	    (uint32_t)p[3] << 24;
}

static uint32_t
hash_of(const char *key, size_t len)
{
	uint32_t h = 5381;

	while (len-- > 0)
		h = (h + (h << 5)) ^ (unsigned char)*key++;
	return h;
}

/* -1: no record can be there. */
static int
record_at(const struct cdb *c, size_t at, struct record *r)
{
	size_t left;

	if (at < HEAD || at > c->end || c->end - at < 8)
		return -1;
	left = c->end - at - 8;
	r->klen = number(c->p + at);
	r->vlen = number(c->p + at + 4);
	if (r->klen > left || r->vlen > left - r->klen)
		return -1;
	r->key = (const char *)c->p + at + 8;
	r->value = r->key + r->klen;
	return 0;
}

static struct slots
slots_of(const struct cdb *c, const char *key, size_t len)
{
	struct slots s = { .hash = hash_of(key, len) };
	const unsigned char *head = c->p + (size_t)(s.hash % TABLES) * 8;

	s.table = c->p + number(head);
	s.n = s.left = number(head + 4);
	if (s.n > 0)
		s.next = (s.hash / TABLES) % s.n;
	return s;
}

/* The offset of the next record that has this hash; 0: there is no more. */
static size_t
next_slot(struct slots *s)
{
	while (s->left > 0) {
		const unsigned char *slot = s->table + (size_t)s->next * 8;
		size_t at = number(slot + 4);

		if (at == 0)
			break;
		s->left--;
		if (++s->next == s->n)
			s->next = 0;
		if (number(slot) == s->hash)
			return at;
	}
	s->left = 0;
	return 0;
}

static int
add_value(struct buf *value_r, const struct record *r)
{
	if (value_r == NULL || r->vlen == 0)
		return 0;
	if (value_r->len > 0 && buf_adds(value_r, ", ") == -1)
		return -1;
	return buf_add(value_r, r->value, r->vlen);
}

/* Rows with one key follow one another here, as they do in the file. */
static enum tb_answer
cdb_find(void *state, const char *key, size_t len, struct buf *value_r,
    int *line_r)
{
	const struct cdb *c = state;
	struct slots s = slots_of(c, key, len);
	enum tb_answer answer = TB_NOT_FOUND;
	struct record r;
	size_t at;

	while ((at = next_slot(&s)) != 0) {
		if (record_at(c, at, &r) == -1)
			return TB_LATER;
		if (r.klen != len || memcmp(r.key, key, len) != 0)
			continue;
		if (add_value(value_r, &r) == -1)
			return TB_LATER;
		answer = TB_FOUND;
	}
	if (answer == TB_FOUND && line_r != NULL)
		*line_r = 0;	/* only the text it is made of has lines */
	return answer;
}

static enum tb_answer
cdb_find_address(void *state, const struct netaddr *a, struct buf *value_r,
    int *line_r)
{
	struct cdb *c = state;

	return prefix_find(&c->prefixes, c->holds, a, cdb_find, c, value_r,
	    line_r);
}

/* Where the tables and the records are; -1: not within the file. */
static int
check_head(struct cdb *c, uint64_t *slots_r)
{
	size_t i;

	*slots_r = 0;
	if (c->size < HEAD)
		return -1;
	c->end = number(c->p);
	for (i = 0; i < TABLES; i++) {
		size_t at = number(c->p + i * 8), n = number(c->p + i * 8 + 4);

		if (at < HEAD || at > c->size || n > (c->size - at) / 8)
			return -1;
		if (at < c->end)
			c->end = at;
		*slots_r += n;
	}
	/* What is neither a record nor a slot has no business there. */
	return c->size - c->end == *slots_r * 8 ? 0 : -1;
}

/* How many slots lead to records; each record must have one. */
static uint64_t
used_slots(const struct cdb *c)
{
	uint64_t n = 0;
	size_t at;

	for (at = c->end; at < c->size; at += 8)
		n += number(c->p + at + 4) != 0;
	return n;
}

/*
 * Would a look-up come by the record at at?  tries: what all records together
 * may cost, for many with one key make a search among them.
 */
static bool
leads_to(const struct cdb *c, const struct record *r, size_t at,
    uint64_t *tries)
{
	struct slots s = slots_of(c, r->key, r->klen);
	size_t found;

	while (*tries > 0 && (found = next_slot(&s)) != 0) {
		--*tries;
		if (found == at)
			return true;
	}
	return false;
}

/* Is the key one that a look-up can ask for, spelt as it will be? */
static int
check_key(struct cdb *c, const struct record *r, struct tbrow *row,
    struct buf *line, char *why, size_t size)
{
	buf_reset(line);
	if (r->klen == 0 || r->klen >= TBROW_KEY ||
	    tbrow_print(line, r->key, r->klen, NULL, 0) == -1) {
		(void)snprintf(why, size, "a key of %zu bytes", r->klen);
		return -1;
	}
	if (tbrow_parse(row, line->p, line->len - 1, why, size) != 1)
		return -1;
	if (row->klen != r->klen || memcmp(row->key, r->key, r->klen) != 0) {
		(void)snprintf(why, size, "the key \"%.*s\" must be written "
		    "\"%.100s\"", r->klen > 100 ? 100 : (int)r->klen, r->key,
		    row->key);
		return -1;
	}
	if (r->vlen > (row->key[0] == '!' ? 0 : TBROW_VALUE)) {
		(void)snprintf(why, size, "the value of \"%.100s\" has %zu "
		    "bytes", row->key, r->vlen);
		return -1;
	}
	if (row->key[0] == '!' && cdb_find(c, row->key + 1, row->klen - 1,
	    NULL, NULL) != TB_NOT_FOUND) {
		(void)snprintf(why, size, "\"%.100s\" is there, and its "
		    "opposite", row->key);
		return -1;
	}
	prefix_note(&c->prefixes, &c->holds, row);
	return 0;
}

/* All of it, once; at the first doubt the table does not open. */
static int
check(struct cdb *c, char *why, size_t size)
{
	uint64_t slots, n = 0, tries = TRIES + 16 * (uint64_t)c->size;
	struct record r = { 0 };
	struct tbrow row;
	struct buf line;
	size_t at;
	int rc = 0;

	(void)snprintf(why, size, "no constant database, or a damaged one");
	if (check_head(c, &slots) == -1)
		return -1;
	tbrow_init(&row);
	buf_init(&line, 4 * TBROW_KEY);
	for (at = HEAD; rc == 0 && at < c->end; at += 8 + r.klen + r.vlen) {
		rc = record_at(c, at, &r);
		if (rc == 0 && !leads_to(c, &r, at, &tries)) {
			if (tries == 0)
				(void)snprintf(why, size,
				    "too many rows with one key");
			rc = -1;
		}
		if (rc == 0)
			rc = check_key(c, &r, &row, &line, why, size);
		n++;
	}
	buf_free(&line);
	tbrow_free(&row);
	return rc == 0 && n == used_slots(c) ? 0 : -1;
}

/* The whole file in memory that forks share and nobody else can change. */
static int
read_file(struct cdb *c, const char *path, struct buf *why_r)
{
	int fd = tbfile_regular(path, TBROW_FILE, &c->size, why_r);
	size_t done = 0;
	ssize_t n = 1;
	char *p;

	if (fd == -1)
		return -1;
	p = mmap(NULL, c->size + 1, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED) {
		tb_why(why_r, "%s: %s", path, strerror(errno));
		close(fd);
		return -1;
	}
	/* One byte more: what was appended meanwhile shows, too. */
	while (done <= c->size && n != 0) {
		n = pread(fd, p + done, c->size + 1 - done, (off_t)done);
		if (n == -1 && errno != EINTR)
			break;
		if (n > 0)
			done += (size_t)n;
	}
	close(fd);
	c->p = (const unsigned char *)p;
	if (done == c->size && mprotect(p, c->size + 1, PROT_READ) == 0)
		return 0;
	tb_why(why_r, "%s: it changed while it was read", path);
	(void)munmap(p, c->size + 1);
	return -1;
}

static void
cdb_close(void *state)
{
	struct cdb *c = state;
	union {
		const unsigned char *c;
		void *p;
	} bytes = { .c = c->p };

	(void)munmap(bytes.p, c->size + 1);
	free(c);
}

static int
cdb_open(const struct section *s, const char *path, void **state_r,
    struct buf *why_r)
{
	struct cdb *c = xcalloc(1, sizeof(*c));
	char why[400];

	(void)s;
	if (read_file(c, path, why_r) == -1) {
		free(c);
		return -1;
	}
	if (check(c, why, sizeof(why)) == -1) {
		tb_why(why_r, "%s: %s", path, why);
		cdb_close(c);
		return -1;
	}
	*state_r = c;
	return 0;
}

static int
cdb_walk(void *state, int (*each)(void *arg, const char *key, size_t klen,
    const char *value, size_t vlen, int line), void *arg)
{
	const struct cdb *c = state;
	struct record r = { 0 };
	size_t at;
	int rc = 0;

	for (at = HEAD; rc == 0 && at < c->end; at += 8 + r.klen + r.vlen)
		rc = record_at(c, at, &r) == -1 ? -1 :
		    each(arg, r.key, r.klen, r.value, r.vlen, 0);
	return rc;
}

static int
cdb_holds(void *state)
{
	const struct cdb *c = state;

	return c->holds;
}

const struct tb_kind tb_cdb = {
	.name = "cdb",
	.open = cdb_open,
	.find = cdb_find,
	.find_address = cdb_find_address,
	.walk = cdb_walk,
	.holds = cdb_holds,
	.close = cdb_close,
};

/*
 * tls_memory - see tls_memory.h.
 *
 * Two ranges of addresses.  In the template's each size up to SMALL has pages
 * of its own, and nothing is given back.  In the session's, chunks stand one
 * behind the other, each with a head; free ones of a small size are in the
 * list of that size, the others in one list, where the first that fits is
 * taken.  A chunk that is freed twice, or was never ours, ends the session.
 *
 * OpenSSL's callbacks have no context: hence the one structure of this file.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "config.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sysexits.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "lib/log.h"
#include "lib/xalloc.h"
#include "smtpsrvr/tls_memory.h"

#define UNIT 16
#define PAGE 4096
#define SMALL 1024
#define SIZES (SMALL / UNIT)		/* lists of small ones */
#define TEMPLATE_ROOM (4U << 20)
#define SESSION_ROOM (1U << 20)
#define TRIM_LEAST (2 * PAGE)		/* freed since the last time */

enum { USED = 0x55534544, FREE = 0x46524545 };	/* USED, FREE */

struct chunk {			/* before what it is for */
	uint32_t size;		/* with this head; of UNIT */
	uint32_t state;
	struct chunk *next;	/* FREE: of its list */
};
#define HEAD UNIT
#define LEAST (2 * UNIT)

struct range {
	char *from, *at, *end;
};

static struct {
	bool on, own;
	struct range template, session;
	/* The template's: the next bytes of a page of that size, and free. */
	struct range page[SIZES + 1];
	struct chunk *shared[SIZES + 1];	/* [0]: the large ones */
	struct chunk *small[SIZES + 1], *large;	/* the session's */
	size_t freed;
	size_t kernel;		/* the size of its pages */
} memory;

static bool
is_in(const struct range *r, const void *p)
{
	return (const char *)p >= r->from && (const char *)p < r->end;
}

static void *
bump(struct range *r, size_t size)
{
	char *p = r->at;

	if (p == NULL || (size_t)(r->end - p) < size)
		return NULL;
	r->at += size;
	return p;
}

static struct chunk *
head_of(void *p)
{
	return (struct chunk *)((char *)p - HEAD);
}

static void *
given(struct chunk *c, size_t size)
{
	c->size = (uint32_t)size;
	c->state = USED;
	return (char *)c + HEAD;
}

/* ---------------------------------------------------------- the template's */

/* Those that are freed are asked for again in the same sizes. */
static void *
template_large(size_t size)
{
	struct chunk **l = &memory.shared[0], *c;

	while (*l != NULL && (*l)->size != size)
		l = &(*l)->next;
	c = *l;
	if (c != NULL)
		*l = c->next;
	else
		c = bump(&memory.template, size);
	return c != NULL ? given(c, size) : NULL;
}

static void *
template_get(size_t size)
{
	size_t i = size / UNIT;
	struct chunk *c;

	if (size > SMALL)
		return template_large(size);
	c = memory.shared[i];
	if (c != NULL) {
		memory.shared[i] = c->next;
		return given(c, size);
	}
	c = bump(&memory.page[i], size);
	if (c == NULL) {
		char *p = bump(&memory.template, PAGE);

		if (p == NULL)
			return NULL;
		memory.page[i] = (struct range){ p, p, p + PAGE };
		c = bump(&memory.page[i], size);
	}
	return c != NULL ? given(c, size) : NULL;
}

static void
template_put(struct chunk *c)
{
	size_t i = c->size > SMALL ? 0 : c->size / UNIT;

	c->state = FREE;
	c->next = memory.shared[i];
	memory.shared[i] = c;
}

/* ----------------------------------------------------------- the session's */

static void
list_add(struct chunk *c, size_t size)
{
	struct chunk **l = size > SMALL ? &memory.large :
	    &memory.small[size / UNIT];

	c->size = (uint32_t)size;
	c->state = FREE;
	c->next = *l;
	*l = c;
}

static void *
take_large(size_t size)
{
	for (struct chunk **l = &memory.large; *l != NULL; l = &(*l)->next) {
		struct chunk *c = *l;
		size_t rest;

		if (c->size < size)
			continue;
		*l = c->next;
		rest = c->size - size;
		if (rest < LEAST)
			return given(c, c->size);
		list_add((struct chunk *)((char *)c + size), rest);
		return given(c, size);
	}
	return NULL;
}

static void *
session_get(size_t size)
{
	struct chunk *c = size <= SMALL ? memory.small[size / UNIT] : NULL;
	void *p;

	if (c != NULL) {
		memory.small[size / UNIT] = c->next;
		return given(c, size);
	}
	p = take_large(size);
	if (p != NULL)
		return p;
	c = bump(&memory.session, size);
	return c != NULL ? given(c, size) : NULL;
}

static char *
page_up(char *p)
{
	return p + (-(uintptr_t)p & (memory.kernel - 1));
}

/* Pages between the two go back: a new mapping, as madvise is forbidden. */
static void
give_back(char *from, char *to)
{
	char *first = page_up(from);
	char *last = to - ((uintptr_t)to & (memory.kernel - 1));

	if (first < last && mmap(first, (size_t)(last - first), PROT_READ |
	    PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE |
	    MAP_FIXED, -1, 0) == MAP_FAILED)
		fatal(EX_OSERR, "no memory for TLS");
}

/* Neighbours that are free become one; what is behind the last is none. */
void
tls_memory_trim(void)
{
	char *p = memory.session.from, *end = memory.session.at;

	if (!memory.own || memory.freed < TRIM_LEAST)
		return;
	memory.freed = 0;
	memory.large = NULL;
	memset(memory.small, 0, sizeof memory.small);
	while (p < end) {
		struct chunk *c = (struct chunk *)p;
		char *from = p;

		PANIC_IF(c->size < LEAST);
		p += c->size;
		if (c->state != FREE)
			continue;
		while (p < end && ((struct chunk *)p)->state == FREE)
			p += ((struct chunk *)p)->size;
		if (p < end) {
			list_add(c, (size_t)(p - from));
			give_back(from + sizeof *c, p);
		} else {
			memory.session.at = from;
			give_back(from, p);
		}
	}
}

/* -------------------------------------------------------------------- both */

void *
tls_memory_get(size_t size)
{
	size_t whole = (size + HEAD + UNIT - 1) & ~(size_t)(UNIT - 1);
	void *p = NULL;

	if (size > SESSION_ROOM)
		return xmalloc(size);
	if (whole < LEAST)
		whole = LEAST;
	p = memory.own ? session_get(whole) : template_get(whole);
	return p != NULL ? p : xmalloc(size);
}

void
tls_memory_put(void *p)
{
	struct chunk *c;

	if (is_in(&memory.template, p)) {
		/* A session leaves it: to touch it would copy its page. */
		if (!memory.own)
			template_put(head_of(p));
		return;
	}
	if (!is_in(&memory.session, p)) {
		free(p);
		return;
	}
	c = head_of(p);
	PANIC_IF(c->state != USED);
	memory.freed += c->size;
	list_add(c, c->size);
}

void *
tls_memory_resize(void *p, size_t size)
{
	size_t had;
	void *q;

	if (p == NULL)
		return tls_memory_get(size);
	if (size == 0) {
		tls_memory_put(p);
		return NULL;
	}
	if (!is_in(&memory.template, p) && !is_in(&memory.session, p))
		return xresize(p, 1, size);
	had = head_of(p)->size - HEAD;
	if (size <= had)
		return p;
	q = tls_memory_get(size);
	if (q == NULL)
		return NULL;
	memcpy(q, p, had);
	tls_memory_put(p);
	return q;
}

#ifndef SANITIZERS
static void *
get(size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return size > 0 ? tls_memory_get(size) : NULL;
}

static void *
resize(void *p, size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return tls_memory_resize(p, size);
}

static void
put(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	if (p != NULL)
		tls_memory_put(p);
}
#endif

static struct range
reserve(size_t size)
{
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE |
	    MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? (struct range){ NULL, NULL, NULL } :
	    (struct range){ p, p, p + size };
}

void
tls_memory_begin(void)
{
	if (memory.on)
		return;
	memory.on = true;
	memory.kernel = (size_t)sysconf(_SC_PAGESIZE);
	memory.template = reserve(TEMPLATE_ROOM);
	memory.session = reserve(SESSION_ROOM);
#ifndef SANITIZERS
	(void)!CRYPTO_set_mem_functions(get, resize, put);
#endif
}

void
tls_memory_own(void)
{
	memory.own = true;
}

/*
 * tb_pcre - the kind whose keys are Perl-compatible patterns (PCRE2).
 *
 * The first row that matches answers.  Patterns are the operator's, but what
 * they are matched with comes from clients: each match is limited in steps
 * and memory, and one that exceeds its limits is "later".
 *
 * The library is loaded when such a table is opened, for its mappings would
 * cost every session's fork 7 % where there is none.  There is no JIT: pages
 * that can be written and run have no place in a session.
 *
 * Patterns are compiled once, into a shared mapping that is then read-only.
 */
#include "config.h"

#include "tables/tb.h"
#include "tables/tbrow.h"

#ifdef HAVE_PCRE2

#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "lib/xalloc.h"
#include "tables/patrow.h"

#define ARENA ((size_t)16 << 20)	/* for all that a table keeps */
#define FILE_MOST ((size_t)1 << 20)
#define MATCH_LIMIT 50000		/* steps of one match: some 1 ms */
#define DEPTH_LIMIT 5000
#define HEAP_LIMIT 512			/* KiB */

/* What we call of it; types are those of its header. */
struct library {
	void *handle;
	__typeof__(pcre2_general_context_create_8) *general_context;
	__typeof__(pcre2_compile_context_create_8) *compile_context;
	__typeof__(pcre2_compile_8) *compile;
	__typeof__(pcre2_get_error_message_8) *error;
	__typeof__(pcre2_match_context_create_8) *match_context;
	__typeof__(pcre2_match_context_free_8) *match_context_free;
	__typeof__(pcre2_set_match_limit_8) *match_limit;
	__typeof__(pcre2_set_depth_limit_8) *depth_limit;
	__typeof__(pcre2_set_heap_limit_8) *heap_limit;
	__typeof__(pcre2_match_data_create_8) *match_data;
	__typeof__(pcre2_match_data_free_8) *match_data_free;
	__typeof__(pcre2_match_8) *match;
};

/* Memory that is only ever taken, and given back all at once. */
struct arena {
	char *p;
	size_t used;
};

struct row {
	pcre2_code *code;
	const char *key, *value;
	size_t klen, vlen;
	int line;
	bool negated;
};

struct pcre {
	struct library lib;
	struct arena arena;
	struct row *rows;
	size_t n, room;
	pcre2_match_context *limits;
	pcre2_match_data *found;
};

#ifdef LINKED_PCRE2
/* A static program can load nothing (configure --enable-static-session). */
static int
load(struct library *l, struct buf *why_r)
{
	(void)why_r;
	*l = (struct library){
		.general_context = pcre2_general_context_create_8,
		.compile_context = pcre2_compile_context_create_8,
		.compile = pcre2_compile_8,
		.error = pcre2_get_error_message_8,
		.match_context = pcre2_match_context_create_8,
		.match_context_free = pcre2_match_context_free_8,
		.match_limit = pcre2_set_match_limit_8,
		.depth_limit = pcre2_set_depth_limit_8,
		.heap_limit = pcre2_set_heap_limit_8,
		.match_data = pcre2_match_data_create_8,
		.match_data_free = pcre2_match_data_free_8,
		.match = pcre2_match_8
	};
	return 0;
}

static void
unload(struct library *l)
{
	(void)l;
}
#else
#define LIBRARY "libpcre2-8.so.0"

static const struct {
	const char *name;
	size_t at;
} functions[] = {
	{ "pcre2_general_context_create_8",
	    offsetof(struct library, general_context) },
	{ "pcre2_compile_context_create_8",
	    offsetof(struct library, compile_context) },
	{ "pcre2_compile_8", offsetof(struct library, compile) },
	{ "pcre2_get_error_message_8", offsetof(struct library, error) },
	{ "pcre2_match_context_create_8",
	    offsetof(struct library, match_context) },
	{ "pcre2_match_context_free_8",
	    offsetof(struct library, match_context_free) },
	{ "pcre2_set_match_limit_8", offsetof(struct library, match_limit) },
	{ "pcre2_set_depth_limit_8", offsetof(struct library, depth_limit) },
	{ "pcre2_set_heap_limit_8", offsetof(struct library, heap_limit) },
	{ "pcre2_match_data_create_8", offsetof(struct library, match_data) },
	{ "pcre2_match_data_free_8",
	    offsetof(struct library, match_data_free) },
	{ "pcre2_match_8", offsetof(struct library, match) },
};

static int
load(struct library *l, struct buf *why_r)
{
	size_t i;

	l->handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	for (i = 0; l->handle != NULL && i < ARRAY_LEN(functions); i++) {
		void *f = dlsym(l->handle, functions[i].name);

		if (f == NULL)
			break;
		memcpy((char *)l + functions[i].at, &f, sizeof(f));
	}
	if (i == ARRAY_LEN(functions))
		return 0;
	tb_why(why_r, "no PCRE2 (Debian: libpcre2-8-0): %s", dlerror());
	return -1;
}

static void
unload(struct library *l)
{
	if (l->handle != NULL)
		(void)dlclose(l->handle);
}
#endif

/* PCRE2 asks for all it needs here, while patterns are compiled. */
static void *
take(size_t size, void *arg)
{
	struct arena *a = arg;
	void *p = a->p + a->used;

	if (size > ARENA - a->used)
		return NULL;
	a->used += (size + 15) & ~(size_t)15;
	if (a->used > ARENA)
		a->used = ARENA;
	return p;
}

static void
give(void *p, void *arg)
{
	(void)p, (void)arg;
}

static const char *
keep(struct arena *a, const char *p, size_t len)
{
	char *copy = take(len, a);

	if (copy != NULL && len > 0)
		memcpy(copy, p, len);
	return copy;
}

/* Adds the row, or says what is wrong with it in why. */
static int
add_row(struct pcre *t, pcre2_compile_context *compiling,
    const struct patrow *r, int line, char *why, size_t size)
{
	uint32_t options = PCRE2_NEVER_UTF | PCRE2_NEVER_UCP |
	    PCRE2_NEVER_BACKSLASH_C | PCRE2_DOLLAR_ENDONLY |
	    (r->any_case ? PCRE2_CASELESS : 0);
	PCRE2_UCHAR text[200] = "";
	struct row row = { .line = line, .negated = r->negated,
	    .klen = r->klen, .vlen = r->row.value.len };
	PCRE2_SIZE at;
	int error;

	row.code = t->lib.compile((PCRE2_SPTR)r->pattern, r->plen, options,
	    &error, &at, compiling);
	if (row.code == NULL) {
		(void)t->lib.error(error, text, sizeof(text));
		(void)snprintf(why, size, "%s, behind %zu bytes of \"%.*s\"",
		    (const char *)text, (size_t)at, r->plen > 100 ? 100 :
		    (int)r->plen, r->pattern);
		return -1;
	}
	row.key = keep(&t->arena, r->key, r->klen);
	row.value = keep(&t->arena, buf_str(&r->row.value), row.vlen);
	if (row.key == NULL || row.value == NULL) {
		(void)snprintf(why, size, "too many rows");
		return -1;
	}
	if (t->n == t->room) {
		t->room = 2 * t->room + 64;
		t->rows = xresize(t->rows, t->room, sizeof(*t->rows));
	}
	t->rows[t->n++] = row;
	return 0;
}

static int
read_rows(struct pcre *t, const char *path, struct buf *why_r)
{
	pcre2_general_context *memory = t->lib.general_context(take, give,
	    &t->arena);
	pcre2_compile_context *compiling = t->lib.compile_context(memory);
	struct tbfile f;
	struct patrow r;
	const char *line;
	char why[400];
	size_t len;
	int rc = 0;

	if (tbfile_open(&f, path, why_r) == -1)
		return -1;
	tbrow_init(&r.row);
	if (f.len > FILE_MOST) {
		tb_why(why_r, "%s: larger than %zu bytes", path, FILE_MOST);
		rc = -1;
	}
	while (rc == 0 && tbfile_line(&f, &line, &len)) {
		rc = patrow_parse(&r, line, len, why, sizeof(why));
		if (rc == 1)
			rc = add_row(t, compiling, &r, f.line, why,
			    sizeof(why));
		if (rc == -1)
			tb_why(why_r, "%s:%d: %s", path, f.line, why);
	}
	tbrow_free(&r.row);
	tbfile_close(&f);
	return rc;
}

/* The rows go where their patterns are, and nothing changes any more. */
static int
seal(struct pcre *t)
{
	struct row *rows = take(t->n * sizeof(*rows), &t->arena);

	if (rows == NULL) {
		errno = EFBIG;
		return -1;
	}
	if (t->n > 0)
		memcpy(rows, t->rows, t->n * sizeof(*rows));
	free(t->rows);
	t->rows = rows;
	t->room = 0;
	return mprotect(t->arena.p, ARENA, PROT_READ);
}

static int
set_limits(struct pcre *t)
{
	t->limits = t->lib.match_context(NULL);
	t->found = t->lib.match_data(1, NULL);
	if (t->limits == NULL || t->found == NULL) {
		errno = ENOMEM;
		return -1;
	}
	(void)t->lib.match_limit(t->limits, MATCH_LIMIT);
	(void)t->lib.depth_limit(t->limits, DEPTH_LIMIT);
	(void)t->lib.heap_limit(t->limits, HEAP_LIMIT);
	return 0;
}

static void
pcre_close(void *state)
{
	struct pcre *t = state;

	if (t->limits != NULL)
		t->lib.match_context_free(t->limits);
	if (t->found != NULL)
		t->lib.match_data_free(t->found);
	if (t->room > 0)
		free(t->rows);
	if (t->arena.p != NULL)
		(void)munmap(t->arena.p, ARENA);
	unload(&t->lib);
	free(t);
}

static int
pcre_open(const struct section *s, const char *path, void **state_r,
    struct buf *why_r)
{
	struct pcre *t = xcalloc(1, sizeof(*t));
	void *p;

	(void)s;
	if (load(&t->lib, why_r) == -1) {
		pcre_close(t);
		return -1;
	}
	p = mmap(NULL, ARENA, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED) {
		tb_why(why_r, "%s: %s", path, strerror(errno));
		pcre_close(t);
		return -1;
	}
	t->arena.p = p;
	if (read_rows(t, path, why_r) == -1) {
		pcre_close(t);
		return -1;
	}
	if (seal(t) == -1 || set_limits(t) == -1) {
		tb_why(why_r, "%s: %s", path, strerror(errno));
		pcre_close(t);
		return -1;
	}
	*state_r = t;
	return 0;
}

static enum tb_answer
pcre_find(void *state, const char *key, size_t len, struct buf *value_r,
    int *line_r)
{
	const struct pcre *t = state;
	const struct row *r;

	for (r = t->rows; r < t->rows + t->n; r++) {
		int rc = t->lib.match(r->code, (PCRE2_SPTR)key, len, 0, 0,
		    t->found, t->limits);

		if (rc == PCRE2_ERROR_NOMATCH)
			continue;
		if (line_r != NULL)
			*line_r = r->line;
		if (rc < 0)
			return TB_LATER;
		if (r->negated)
			return TB_NEGATED;
		return value_r == NULL || r->vlen == 0 ||
		    buf_add(value_r, r->value, r->vlen) == 0 ? TB_FOUND :
		    TB_LATER;
	}
	return TB_NOT_FOUND;
}

static int
pcre_walk(void *state, int (*each)(void *arg, const char *key, size_t klen,
    const char *value, size_t vlen, int line), void *arg)
{
	const struct pcre *t = state;
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < t->n; i++)
		rc = each(arg, t->rows[i].key, t->rows[i].klen,
		    t->rows[i].value, t->rows[i].vlen, t->rows[i].line);
	return rc;
}

/* Nobody can tell from a pattern what it is for. */
static int
pcre_holds(void *state)
{
	const struct pcre *t = state;

	return t->n > 0 ? TB_ADDRESSES | TB_NAMES : 0;
}

const struct tb_kind tb_pcre = {
	.name = "pcre",
	.patterns = true,
	.open = pcre_open,
	.find = pcre_find,
	.walk = pcre_walk,
	.holds = pcre_holds,
	.close = pcre_close,
};

#else

static int
pcre_open(const struct section *s, const char *path, void **state_r,
    struct buf *why_r)
{
	(void)s, (void)state_r;
	tb_why(why_r, "%s: this Inlet was built without PCRE2", path);
	return -1;
}

const struct tb_kind tb_pcre = { .name = "pcre", .open = pcre_open };

#endif

/*
 * tb_glob - the kind whose keys are shell patterns, a pattern and a value a
 * line: inlet-tables(5).
 *
 * The first row that matches answers.  What they are matched with comes from
 * clients; glob.h bounds what that can cost.
 *
 * All is in one shared mapping, the rows and then their text, that nobody can
 * write once the table is open.
 */
#include "config.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/text.h"
#include "lib/xalloc.h"
#include "tables/glob.h"
#include "tables/tb.h"
#include "tables/tbrow.h"

#define FILE_MOST ((size_t)1 << 20)
#define PATTERN_MOST 255

/* Offsets into the text; at what is the key as it is written, its '!' too. */
struct row {
	uint32_t key, value;
	uint32_t klen, vlen;
	int32_t line;
	bool negated;
};

struct globs {
	size_t n, size;
	struct row *rows;
	char *text;		/* in the same mapping, behind the rows */
};

/* What is gathered while the file is read. */
struct maker {
	struct row *rows;
	size_t n, room;
	struct buf text;
};

/* The row of that line into m; -1 with what is wrong. */
static int
add_row(struct maker *m, struct tbrow *r, const char *line, size_t len,
    int number, char *why, size_t size)
{
	struct row row = { .line = number, .negated = line[0] == '!' };
	const char *wrong;
	size_t at = m->text.len;

	for (row.klen = 0; row.klen < len; row.klen++)
		if (line[row.klen] == ' ' || line[row.klen] == '\t')
			break;
	wrong = row.klen == 0 ? "a blank before the pattern (there are no "
	    "continuation lines)" : row.klen > PATTERN_MOST ?
	    "a pattern that is too long" : glob_wrong(line + row.negated,
	    row.klen - row.negated);
	if (wrong != NULL) {
		(void)snprintf(why, size, "%s: \"%.100s\"", wrong, line);
		return -1;
	}
	if (tbrow_take_value(r, line + row.klen, line + len, why, size) == -1)
		return -1;
	if (row.negated && r->value.len > 0) {
		(void)snprintf(why, size, "a negated pattern has no value: "
		    "\"%.100s\"", line);
		return -1;
	}
	row.key = (uint32_t)at;
	row.value = (uint32_t)at + row.klen + 1;
	row.vlen = (uint32_t)r->value.len;
	if (buf_add(&m->text, line, row.klen) != 0 ||
	    buf_addc(&m->text, '\0') != 0 ||
	    buf_add(&m->text, buf_str(&r->value), row.vlen) != 0 ||
	    buf_addc(&m->text, '\0') != 0) {
		(void)snprintf(why, size, "too many rows");
		return -1;
	}
	/* Keys come in lower case. */
	text_lower(m->text.p + at);
	if (m->n == m->room) {
		m->room = 2 * m->room + 64;
		m->rows = xresize(m->rows, m->room, sizeof(*m->rows));
	}
	m->rows[m->n++] = row;
	return 0;
}

static bool
is_row(const char *line, size_t len)
{
	size_t i = 0;

	while (i < len && (line[i] == ' ' || line[i] == '\t'))
		i++;
	return i < len && line[i] != '#';
}

static int
read_rows(struct maker *m, const char *path, struct buf *why_r)
{
	struct tbfile f;
	struct tbrow r;
	const char *line;
	char why[400];
	size_t len;
	int rc = 0;

	if (tbfile_open(&f, path, why_r) == -1)
		return -1;
	tbrow_init(&r);
	if (f.len > FILE_MOST) {
		tb_why(why_r, "%s: larger than %zu bytes", path, FILE_MOST);
		rc = -1;
	}
	while (rc == 0 && tbfile_line(&f, &line, &len)) {
		rc = tbrow_check_line(line, len, why, sizeof(why));
		if (rc == 0 && is_row(line, len)) {
			/* It ends where the next one begins: a copy. */
			char *copy = xmemdup0(line, len);

			rc = add_row(m, &r, copy, len, f.line, why,
			    sizeof(why));
			free(copy);
		}
		if (rc == -1)
			tb_why(why_r, "%s:%d: %s", path, f.line, why);
	}
	tbrow_free(&r);
	tbfile_close(&f);
	return rc;
}

/* Null with errno. */
static struct globs *
seal(const struct maker *m)
{
	size_t rows = m->n * sizeof(*m->rows), size = rows + m->text.len;
	struct globs *g;
	char *p;

	/* One byte, so that an empty file is a table too. */
	p = mmap(NULL, size + 1, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	if (m->n > 0) {
		memcpy(p, m->rows, rows);
		memcpy(p + rows, m->text.p, m->text.len);
	}
	if (mprotect(p, size + 1, PROT_READ) == -1) {
		(void)munmap(p, size + 1);
		return NULL;
	}
	g = xcalloc(1, sizeof(*g));
	*g = (struct globs){ .n = m->n, .size = size + 1,
	    .rows = (struct row *)(void *)p, .text = p + rows };
	return g;
}

static int
glob_open(const struct section *s, const char *path, void **state_r,
    struct buf *why_r)
{
	struct maker m = { 0 };
	int rc;

	(void)s;
	buf_init(&m.text, 4 * FILE_MOST);
	rc = read_rows(&m, path, why_r);
	if (rc == 0 && (*state_r = seal(&m)) == NULL) {
		tb_why(why_r, "%s: %s", path, strerror(errno));
		rc = -1;
	}
	buf_free(&m.text);
	free(m.rows);
	return rc;
}

static void
glob_close(void *state)
{
	struct globs *g = state;

	(void)munmap(g->rows, g->size);
	free(g);
}

static enum tb_answer
glob_find(void *state, const char *key, size_t len, struct buf *value_r,
    int *line_r)
{
	const struct globs *g = state;

	for (const struct row *r = g->rows; r < g->rows + g->n; r++) {
		if (!glob_match(g->text + r->key + r->negated,
		    r->klen - r->negated, key, len))
			continue;
		if (line_r != NULL)
			*line_r = r->line;
		if (r->negated)
			return TB_NEGATED;
		return value_r == NULL || r->vlen == 0 ||
		    buf_add(value_r, g->text + r->value, r->vlen) == 0 ?
		    TB_FOUND : TB_LATER;
	}
	return TB_NOT_FOUND;
}

static int
glob_walk(void *state, int (*each)(void *arg, const char *key, size_t klen,
    const char *value, size_t vlen, int line), void *arg)
{
	const struct globs *g = state;
	int rc = 0;

	for (const struct row *r = g->rows; rc == 0 && r < g->rows + g->n;
	    r++)
		rc = each(arg, g->text + r->key, r->klen, g->text + r->value,
		    r->vlen, r->line);
	return rc;
}

/* Nobody can tell from a pattern what it is for. */
static int
glob_holds(void *state)
{
	const struct globs *g = state;

	return g->n > 0 ? TB_ADDRESSES | TB_NAMES : 0;
}

const struct tb_kind tb_glob = {
	.name = "glob",
	.patterns = true,
	.open = glob_open,
	.find = glob_find,
	.walk = glob_walk,
	.holds = glob_holds,
	.close = glob_close,
};

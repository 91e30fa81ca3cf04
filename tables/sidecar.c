/*
 * sidecar - NAME.sum: what a GDBM table must look like; see sidecar.h.
 *
 * It guards against accidents (a cut or patched file, a table of something
 * else), not against who may write the table's directory.
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/text.h"
#include "lib/xalloc.h"
#include "tables/sidecar.h"
#include "tables/tbrow.h"

#define FIRST_LINE "inlet-table 2"
#define SIDECAR_MOST 8192
#define SUM_LINE 21		/* "sum ", 16 digits, LF */

/* "4/24", "6/48", "addresses", "names", "negations". */
static int
parse_word(const char *word, struct sidecar_table *t)
{
	int64_t bits;

	if (strcmp(word, "addresses") == 0) {
		t->holds |= TB_ADDRESSES;
	} else if (strcmp(word, "names") == 0) {
		t->holds |= TB_NAMES;
	} else if (strcmp(word, "negations") == 0) {
		t->holds |= TB_NEGATIONS;
	} else if (strncmp(word, "4/", 2) == 0 &&
	    text_number(word + 2, 0, 32, &bits) == 0) {
		t->prefixes.v4[bits] = 1;
	} else if (strncmp(word, "6/", 2) == 0 &&
	    text_number(word + 2, 0, 128, &bits) == 0) {
		t->prefixes.v6[bits] = 1;
	} else {
		return -1;
	}
	return 0;
}

static int
parse_table(char *line, struct sidecar_table *t)
{
	char *word, *rest = line;
	int n, rc = 0;

	for (n = 0; rc == 0 && (word = strsep(&rest, " ")) != NULL; n++) {
		if (n == 0)
			continue;
		if (n == 1)
			rc = strlen(word) != DIGEST_HEX - 1 ? -1 :
			    text_copy(t->digest, sizeof(t->digest), word);
		else if (n == 2)
			rc = text_number(word, 0, INT64_MAX, &t->rows);
		else
			rc = parse_word(word, t);
	}
	return rc == 0 && n > 2 ? 0 : -1;
}

static void
sum_line(char dst[SUM_LINE + 1], const char *text, size_t len)
{
	(void)snprintf(dst, SUM_LINE + 1, "sum %016" PRIx64 "\n",
	    digest_of(text, len));
}

/* Is the last line the sum of the others?  Then it is taken away. */
static bool
summed(char *text, size_t len)
{
	char sum[SUM_LINE + 1];

	if (len < SUM_LINE)
		return false;
	sum_line(sum, text, len - SUM_LINE);
	if (memcmp(text + len - SUM_LINE, sum, SUM_LINE) != 0)
		return false;
	text[len - SUM_LINE] = '\0';
	return true;
}

static int
parse(char *text, size_t len, struct sidecar *s)
{
	char *line, *rest = text;

	if (!summed(text, len))
		return -1;
	line = strsep(&rest, "\n");
	if (strcmp(line, FIRST_LINE) != 0)
		return -1;
	while ((line = strsep(&rest, "\n")) != NULL) {
		struct sidecar_table *t;

		if (line[0] == '\0' && rest == NULL)
			return 0;
		if (strncmp(line, "new ", 4) == 0)
			t = &s->new;
		else if (strncmp(line, "old ", 4) == 0)
			t = &s->old;
		else
			return -1;
		if (t->digest[0] != '\0' || parse_table(line, t) == -1)
			return -1;
	}
	return -1;		/* no LF behind the last line */
}

int
sidecar_read(const char *path, struct sidecar *s_r, struct buf *why_r)
{
	char name[4096], text[SIDECAR_MOST + 1];
	size_t size;
	ssize_t n;
	int fd;

	memset(s_r, 0, sizeof(*s_r));
	if ((size_t)snprintf(name, sizeof(name), "%s%s", path, SIDECAR_END) >=
	    sizeof(name)) {
		tb_why(why_r, "%s: %s", path, strerror(ENAMETOOLONG));
		return -1;
	}
	if (access(name, F_OK) == -1 && errno == ENOENT) {
		tb_why(why_r, "%s: it has no %s beside it: make the table "
		    "with dbmbuild(8)", path, name);
		return -1;
	}
	fd = tbfile_regular(name, SIDECAR_MOST, &size, why_r);
	if (fd == -1)
		return -1;
	n = pread(fd, text, SIDECAR_MOST, 0);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	if (n > 0 && parse(text, (size_t)n, s_r) == 0 &&
	    s_r->new.digest[0] != '\0')
		return 0;
	tb_why(why_r, "%s: damaged: make the table again with dbmbuild(8)",
	    name);
	return -1;
}

static int
print_table(const struct sidecar_table *t, const char *word, struct buf *b)
{
	int i;

	if (t->digest[0] == '\0')
		return 0;
	if (buf_addf(b, "%s %s %" PRId64, word, t->digest, t->rows) == -1 ||
	    ((t->holds & TB_ADDRESSES) != 0 &&
	    buf_adds(b, " addresses") == -1) ||
	    ((t->holds & TB_NAMES) != 0 && buf_adds(b, " names") == -1) ||
	    ((t->holds & TB_NEGATIONS) != 0 &&
	    buf_adds(b, " negations") == -1))
		return -1;
	for (i = 0; i < PREFIX_LENGTHS; i++)
		if (t->prefixes.v4[i] && buf_addf(b, " 4/%d", i) == -1)
			return -1;
	for (i = 0; i < PREFIX_LENGTHS; i++)
		if (t->prefixes.v6[i] && buf_addf(b, " 6/%d", i) == -1)
			return -1;
	return buf_addc(b, '\n');
}

int
sidecar_print(const struct sidecar *s, struct buf *b)
{
	char sum[SUM_LINE + 1];

	buf_reset(b);
	if (buf_adds(b, FIRST_LINE "\n") == -1 ||
	    print_table(&s->new, "new", b) == -1 ||
	    print_table(&s->old, "old", b) == -1)
		return -1;
	sum_line(sum, b->p, b->len);
	return buf_adds(b, sum);
}

const struct sidecar_table *
sidecar_find(const struct sidecar *s, const char digest[DIGEST_HEX])
{
	if (strcmp(s->new.digest, digest) == 0)
		return &s->new;
	if (strcmp(s->old.digest, digest) == 0)
		return &s->old;
	return NULL;
}

/*
 * dbmlist - prints a GDBM table as text that dbmbuild takes; dbmlist(8).
 *
 * It opens the table just as the server does, and so also tells whether the
 * server could.
 */
#include "config.h"

#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "lib/xalloc.h"
#include "tables/tb.h"
#include "tables/tbrow.h"

#define EX_NOT_FOUND 1

/* A row as it will be printed; its key is sorted by. */
struct line {
	char *key;
	size_t klen;
	char *text;
};

struct lines {
	struct line *at;
	size_t n, room;
};

static char *
text_of(const char *key, size_t klen, const char *value, size_t vlen)
{
	struct buf b;

	buf_init(&b, 2 * (klen + vlen) + 16);
	if (tbrow_print(&b, key, klen, value, vlen) == -1)
		errx(EX_DATAERR, "key too long: %.*s", (int)klen, key);
	return b.p;
}

static int
keep(void *arg, const char *key, size_t klen, const char *value, size_t vlen,
    int where)
{
	struct lines *l = arg;
	struct line *line;

	(void)where;
	if (l->n == l->room) {
		l->room = 2 * l->room + 1024;
		l->at = xresize(l->at, l->room, sizeof(*l->at));
	}
	line = &l->at[l->n++];
	line->key = xmemdup0(key, klen);
	line->klen = klen;
	line->text = text_of(key, klen, value, vlen);
	return 0;
}

static int
compare(const void *a, const void *b)
{
	const struct line *x = a, *y = b;
	size_t len = x->klen < y->klen ? x->klen : y->klen;
	int d = memcmp(x->key, y->key, len);

	if (d != 0)
		return d;
	return x->klen < y->klen ? -1 : x->klen > y->klen;
}

static int
list(struct tb *t)
{
	struct lines l = { .n = 0 };
	size_t i;

	if (tb_walk(t, keep, &l) != 0)
		errx(EX_DATAERR, "%s: not all of its rows can be read",
		    tb_path(t));
	if (l.n > 0)
		qsort(l.at, l.n, sizeof(*l.at), compare);
	for (i = 0; i < l.n; i++) {
		(void)fputs(l.at[i].text, stdout);
		free(l.at[i].text);
		free(l.at[i].key);
	}
	free(l.at);
	return EX_OK;
}

static int
show(struct tb *t, const char *key)
{
	char negated[1 + TB_KEY];
	struct buf value;
	char *text;

	buf_init(&value, TBROW_VALUE);
	switch (tb_find(t, key, &value, NULL)) {
	case TB_FOUND:
		break;
	case TB_NEGATED:
		(void)snprintf(negated, sizeof(negated), "!%s", key);
		key = negated;
		break;
	case TB_NOT_FOUND:
		return EX_NOT_FOUND;
	case TB_LATER:
		errx(EX_DATAERR, "%s: it cannot be read", tb_path(t));
	}
	text = text_of(key, strlen(key), buf_str(&value), value.len);
	(void)fputs(text, stdout);
	free(text);
	buf_free(&value);
	return EX_OK;
}

/* The table that the configuration would have with that file. */
static struct tb *
open_table(const char *path)
{
	struct conf *c = conf_new();
	struct origin here = { "command line", 0 };
	const char *kind = "gdbm";
	struct section *s;
	char text[256];
	struct buf why;
	struct tb *t;

	if (conf_add(c, TABLE, "table", here, &s, text, sizeof(text)) == -1 ||
	    conf_set(s, "type", &kind, 1, here, text, sizeof(text)) == -1 ||
	    conf_set(s, "file", &path, 1, here, text, sizeof(text)) == -1)
		errx(EX_USAGE, "%s: %s", path, text);
	buf_init(&why, 4096);
	t = tb_open(c, s, &why);
	if (t == NULL)
		errx(EX_NOINPUT, "%s", buf_str(&why));
	buf_free(&why);
	conf_free(c);
	return t;
}

int
main(int argc, char *argv[])
{
	struct tb *t;
	int code;

	if (getopt(argc, argv, "") != -1 || argc - optind < 1 ||
	    argc - optind > 2) {
		fprintf(stderr, "usage: dbmlist table [key]\n");
		return EX_USAGE;
	}
	t = open_table(argv[optind]);
	code = optind + 1 < argc ? show(t, argv[optind + 1]) : list(t);
	tb_close(t);
	if (fflush(stdout) == EOF || ferror(stdout))
		err(EX_IOERR, "standard output");
	return code;
}

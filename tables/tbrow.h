/*
 * tbrow - the text of a table: a key and a value a line, inlet-tables(5).
 *
 *	key: value		key value		key		!key
 *
 * Text tables, lists, CIDR sets and dbmbuild all read rows with this, so that
 * a row means the same wherever it stands.
 */
#ifndef TABLES_TBROW_H
#define TABLES_TBROW_H

#include <stdbool.h>
#include <stddef.h>
#include "lib/buf.h"
#include "lib/net.h"

#define TBROW_KEY 512		/* longest key with its NUL */
#define TBROW_VALUE 65535	/* longest value */
#define TBROW_LINE 131072	/* longest line: a value may be all quoted */
#define TBROW_FILE (512L << 20)	/* largest file of rows */

enum tbrow_kind {
	TBROW_NAME,	/* example.org, .example.org, or a local part */
	TBROW_MAILBOX,	/* user@domain, @domain, [192.0.2.1] */
	TBROW_ADDRESS,	/* 192.0.2.1 */
	TBROW_PREFIX	/* 192.0.2.0/24 */
};

struct tbrow {
	enum tbrow_kind kind;
	size_t klen;
	/*
	 * Lower case; addresses as net_text has them.  '!' before it: what it
	 * is the key of is not in the table, and there is no value.
	 */
	char key[TBROW_KEY];
	struct netaddr address;	/* of an address or a prefix */
	int bits;
	struct buf value;
};

void tbrow_init(struct tbrow *r);
void tbrow_free(struct tbrow *r);

/*
 * One line without its LF.  1: a row; 0: a blank line or a comment; -1: bad,
 * and why_r says which word.
 */
MM_MUST_USE int tbrow_parse(struct tbrow *r, const char *line, size_t len,
    char *why_r, size_t size);
/* Parts of it: is the line short enough, and are all its bytes visible ones? */
MM_MUST_USE int tbrow_check_line(const char *p, size_t len, char *why_r,
    size_t size);
/* The value, in the rest of the line; blanks between words become one space. */
MM_MUST_USE int tbrow_take_value(struct tbrow *r, const char *p,
    const char *end, char *why_r, size_t size);
/* The same row as a line that tbrow_parse takes, with its LF. */
MM_MUST_USE int tbrow_print(struct buf *b, const char *key, size_t klen,
    const char *value, size_t vlen);

/* A whole file of rows, read before the first is given. */
struct tbfile {
	const char *path;
	char *p;
	size_t len, at;
	int line;		/* of the row given last */
};

/*
 * Reads the file: regular, at most TBROW_FILE bytes.  Says "path: reason"
 * when it refuses.
 */
MM_MUST_USE int tbfile_open(struct tbfile *f, const char *path,
    struct buf *why_r);
/*
 * 1: the next row; 0: the end; -1: a bad line, with "path:line: reason" added
 * to why_r, after which it may be called again.
 */
MM_MUST_USE int tbfile_next(struct tbfile *f, struct tbrow *r,
    struct buf *why_r);
/* The same for other rows: a line, without its LF; false at the end. */
bool tbfile_line(struct tbfile *f, const char **line_r, size_t *len_r);
void tbfile_close(struct tbfile *f);

/*
 * Opens a regular file for reading and gives its size; "path: reason" in
 * why_r, and never waits (a FIFO, a device).
 */
MM_MUST_USE int tbfile_regular(const char *path, size_t most, size_t *size_r,
    struct buf *why_r);

/* Adds to why_r; what does not fit is left out. */
void tb_why(struct buf *why_r, const char *fmt, ...) MM_PRINTF(2, 3);

#endif

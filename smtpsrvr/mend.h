/*
 * mend - the header of a message that is submitted, made complete while it
 * passes (RFC 6409 4.2, 8; RFC 5322 3.6).
 *
 * Pure: bytes in, bytes out, and any split of the input gives the same.  What
 * is missing is put at the header's end; of a message that is sent again, at
 * the end of its first block of Resent- fields.  In fields of addresses those
 * without a domain get one.  All other bytes, and their order, stay as they
 * are.  No more than MEND_FIELD bytes of a field are held.
 */
#ifndef SMTPSRVR_MEND_H
#define SMTPSRVR_MEND_H

#include <stdbool.h>
#include "lib/buf.h"
#include "lib/header.h"
#include "lib/mendmode.h"
#include "lib/path.h"
#include "smtpsrvr/authors.h"

#define MEND_FIELD 65536
#define MEND_PIECE 4096
#define MEND_OUT (4 * MEND_FIELD)

/*
 * Besides the words of mend-header: what header-addresses asks for, and whether
 * authors are.
 */
enum { MEND_ADDRESSES = 16, MEND_STRICT = 32, MEND_AUTHORS = 1024 };

struct mend_facts {
	int what;		/* MEND_..., or-ed */
	char date[40];
	char id[320];		/* with its angle brackets */
	char from[PATH_TEXT];		/* an address; or "": nobody's */
	const char *domain;	/* of addresses that have none */
	bool crlf;		/* lines end so, not in LF */
	bool utf8;		/* RFC 6532 */
};

enum mend_way { MEND_KEEP, MEND_DROP, MEND_HOLD };

/* All zero but for the facts: nothing came yet. */
struct mend {
	struct mend_facts facts;
	struct header header;
	enum mend_way way;	/* of the field that passes */
	bool over;		/* what comes now is the body */
	int found;		/* of what may be missing */
	bool resent;		/* there was a block of Resent- fields */
	bool inside;		/* and it goes on */
	int again;		/* what it has */
	struct buf field;	/* MEND_HOLD: all of it so far */
	int author;		/* the authors_field that is held, or -1 */
	char wrong[160];	/* what cannot be taken of it, or "" */
	struct authors authors;	/* MEND_AUTHORS */
};

/*
 * Takes bytes, at most MEND_PIECE, and adds to out, whose maximum is MEND_OUT.
 * *used_r is less than len where out is to be emptied first, and where the
 * body begins: then over is set, and the rest passes as it is.
 */
void mend_take(struct mend *m, const char *p, size_t len, size_t *used_r,
    struct buf *out);
/* The text ended, perhaps within the header; out is empty. */
void mend_end(struct mend *m, struct buf *out);
void mend_free(struct mend *m);

#endif

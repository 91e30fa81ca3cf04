/*
 * forged - Authentication-Results fields under our own name, taken out of the
 * header of a message while it passes (RFC 8601 5).
 *
 * Pure, in place, and any split of the text gives the same.  A field is only
 * held until the name in it is there; one that says nothing for so long that
 * it passes FORGED_MOST is taken out, too.
 */
#ifndef SMTPSRVR_FORGED_H
#define SMTPSRVR_FORGED_H

#include <stdbool.h>
#include <stddef.h>

#define FORGED_MOST 1024
#define FORGED_NAME 256

/* All zero: nothing came yet. */
struct forged {
	bool over;		/* of what comes now nothing is looked at */
	bool inside;		/* within a line, not at its start */
	bool cutting;		/* this field is taken out */
	bool quoted, escaped;
	unsigned char step;	/* in a field: forged.c */
	unsigned depth;		/* of comments */
	size_t matched;		/* of the name, of the field or in it */
	size_t held;		/* last bytes of the text that may yet go */
	char name[FORGED_NAME];	/* in it, so far */
};

/*
 * Behind text's first kept bytes, which were taken, come len more: gives how
 * many there are in all now.  The last f->held of them must be there again
 * with what comes next.  id: ours.
 */
size_t forged_take(struct forged *f, const char *id, char *text, size_t kept,
    size_t len);

#endif

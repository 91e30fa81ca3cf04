/*
 * header - the header of a message, while it passes: where each field begins,
 * and where the header ends (RFC 5322 2.2, 4.5).
 *
 * Pure and linear; holds no more than the name of a field, however long the
 * header is and in whatever pieces it comes.  Lines end in LF or in CRLF.
 */
#ifndef LIB_HEADER_H
#define LIB_HEADER_H

#include <stdbool.h>
#include <stddef.h>

#define HEADER_RAW 256		/* longer names are none */

enum header_state { HEADER_AT_LINE, HEADER_IN_NAME, HEADER_IN_GAP,
	HEADER_IN_VALUE, HEADER_AT_CR };

/* All zero: nothing came yet. */
struct header {
	enum header_state state;
	bool begun;		/* a line was there before */
	size_t name;		/* of raw: the field's name; 0: a line From_ */
	size_t len;
	char raw[HEADER_RAW];	/* of the line, as far as it is held */
};

enum header_event {
	HEADER_MORE,	/* all was taken: more must tell */
	HEADER_FIELD,	/* a field begins; raw is its name with the colon */
	HEADER_VALUE,	/* what was taken is of its value, or of its end */
	HEADER_BLANK,	/* raw is the begin of the empty line behind it */
	HEADER_BODY	/* there is none; raw is the begin of the body */
};

/*
 * The next event of p[0..len), of which *used_r bytes are taken; raw has those
 * of them that are no value.  Not to be called after BLANK or BODY, behind
 * which everything is the body's.  A line "From " before all fields, as in an
 * mbox, is a field without a name.
 */
enum header_event header_next(struct header *h, const char *p, size_t len,
    size_t *used_r);
/* The text ended there: BODY where raw is held and was no field, else BLANK. */
enum header_event header_end(const struct header *h);
/* Has the field that name? */
bool header_is(const struct header *h, const char *name);

#endif

/*
 * relay_body - a message as it goes over the wire: lines that end in CRLF,
 * and, for DATA, no line that is only a dot but the last (RFC 5321 4.5.2).
 *
 * An entry's lines end in LF; one whose body is BINARYMIME is sent as it is.
 */
#ifndef CHANS_RELAY_BODY_H
#define CHANS_RELAY_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "chans/relay_wire.h"

struct relay_body {
	const char *p;
	size_t len;
	bool binary;		/* lines as they are: only for BDAT */
	/* Found by relay_body_look: */
	bool eight;		/* some byte is over 127 */
	bool eight_header;	/* one of the header is */
	bool odd;		/* a CR or NUL, and not binary: no message */
	bool unended;		/* the last line has no LF */
	uint64_t size;		/* on the wire, without dots that are added */
};

/* p, len and binary are set: fills in the rest. */
void relay_body_look(struct relay_body *b);
/*
 * The message as DATA wants it, with the dot at the end; never for a binary
 * one.  Each block must be taken within block_ms.  0, or -1 with errno.
 */
MM_MUST_USE int relay_body_data(struct relay_wire *w,
    const struct relay_body *b, int block_ms, int64_t deadline);
/* The same for BDAT: exactly size bytes. */
MM_MUST_USE int relay_body_bdat(struct relay_wire *w,
    const struct relay_body *b, int block_ms, int64_t deadline);

#endif

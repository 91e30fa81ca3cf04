/*
 * mime7 - makes a message of 7 bits of one that has 8, or is binary, for a
 * peer that takes no other (RFC 6152 3, RFC 3030 3).
 *
 * Text becomes quoted-printable, everything else base64, at every level of
 * the message; what is 7 bits already stays as it is, byte for byte.  A
 * reader who decodes it finds the very bytes of the original.  What cannot
 * be converted without damage is refused with a reason: 8 bits in a header
 * (that needs SMTPUTF8), 8 bits that are signed or encrypted, and a
 * structure that two readers may understand differently.
 */
#ifndef CHANS_MIME7_H
#define CHANS_MIME7_H

#include <stdbool.h>
#include <stddef.h>
#include "lib/buf.h"
#include "lib/mm.h"

/* The message is of the body type BINARYMIME: lines end in CR LF. */
#define MIME7_BINARY 1
/* The peer has SMTPUTF8: headers may stay as they are. */
#define MIME7_UTF8 2

/*
 * Is it 7 bits already: no byte above 127, no NUL, no CR or LF but at the
 * end of a line, and no line longer than 998?  It needs no conversion then.
 */
bool mime7_is(const char *p, size_t len, int flags);

/*
 * Adds the converted message to out, with lines that end in LF whatever
 * those of the original end in.  Text of nothing but 8-bit characters becomes
 * 3.1 times as long, and each part has a header: out's maximum bounds it.
 * 0; or -1 with *why_r a constant text for people, and out as it was.
 */
MM_MUST_USE int mime7_convert(const char *text, size_t len, int flags,
    struct buf *out, const char **why_r);

#endif

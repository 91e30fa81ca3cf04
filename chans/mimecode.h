/*
 * mimecode - quoted-printable and base64 as RFC 2045 6.7 and 6.8 want them.
 *
 * Lines end in LF in what is written; in what is read in LF too, or in CR LF
 * where crlf: then a CR or LF alone is a byte like any other.
 */
#ifndef CHANS_MIMECODE_H
#define CHANS_MIMECODE_H

#include <stdbool.h>
#include <stddef.h>
#include "lib/buf.h"
#include "lib/mm.h"

/*
 * Lines of at most 76.  No line begins with "--" that did not before, none
 * with "From ".  0, or -1 if b is full.
 */
MM_MUST_USE int mimecode_quoted(struct buf *b, const char *p, size_t len,
    bool crlf);
/*
 * The bytes as they go over the wire: each LF as CR LF, unless crlf.  No end
 * of line behind the last one.  0, or -1 if b is full.
 */
MM_MUST_USE int mimecode_base64(struct buf *b, const char *p, size_t len,
    bool crlf);

#endif

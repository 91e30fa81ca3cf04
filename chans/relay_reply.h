/*
 * relay_reply - one reply of an SMTP or LMTP server (RFC 5321 4.2, RFC 2034).
 *
 * Pure: bytes in, value out.  The bytes are a stranger's and may be anything;
 * what comes out is printable and bounded.
 */
#ifndef CHANS_RELAY_REPLY_H
#define CHANS_RELAY_REPLY_H

#include <stddef.h>
#include "chans/chanproto.h"

#define RELAY_REPLY_LINE 2048	/* RFC 5321 4.5.3.1.5 has 512 */
#define RELAY_REPLY_LINES 128
#define RELAY_REPLY_MOST (32 * 1024)
#define RELAY_REPLY_TEXT 1024	/* a step of SASL must not be cut */

struct relay_reply {
	int code;			/* 200 to 599 */
	char enhanced[CHANPROTO_CODE];	/* of the code's class, or "" */
	/* Its lines with blanks between them: printable ASCII, cut. */
	char text[RELAY_REPLY_TEXT];
};

enum relay_read {
	RELAY_READ_MORE,	/* it is not whole yet */
	RELAY_READ_WHOLE,
	RELAY_READ_BAD		/* no reply begins so, or it is endless */
};

/*
 * The reply at the start of p.  Whole: *r_r, its length in *used_r, and line
 * (if not null) was called for what follows the code in each line, as sent.
 * A line may end in LF alone.
 */
enum relay_read relay_reply_read(const char *p, size_t len,
    struct relay_reply *r_r, size_t *used_r,
    void (*line)(void *arg, const char *text, size_t len), void *arg);

#endif

/*
 * mimehead - the header of a message or of a part of one, as far as MIME
 * (RFC 2045) needs it: where it ends, and what it says of the body.
 *
 * The bytes are a stranger's.  What two readers could understand differently
 * is said to be bad, with a reason, and nothing else of it holds then.
 */
#ifndef CHANS_MIMEHEAD_H
#define CHANS_MIMEHEAD_H

#include <stdbool.h>
#include <stddef.h>

#define MIMEHEAD_TYPE 64
#define MIMEHEAD_BOUNDARY 200

enum mimehead_coding {
	MIMEHEAD_NONE,		/* no Content-Transfer-Encoding */
	MIMEHEAD_SEVEN,
	MIMEHEAD_EIGHT,
	MIMEHEAD_BINARY,
	MIMEHEAD_ENCODED	/* quoted-printable, base64, or unknown */
};

struct mimehead {
	size_t len;		/* its fields */
	size_t blank;		/* and with the empty line behind them */
	const char *bad;	/* null: what follows holds */
	bool version;		/* has a MIME-Version */
	bool typed;		/* has a Content-Type */
	char type[MIMEHEAD_TYPE], subtype[MIMEHEAD_TYPE]; /* lower case */
	char boundary[MIMEHEAD_BOUNDARY];	/* "" none */
	enum mimehead_coding coding;
	size_t coding_at, coding_len;		/* that field */
};

/*
 * How long the first line is, with its end: LF, or CR LF where crlf, or the
 * end of the bytes.
 */
size_t mimehead_line(const char *p, size_t len, bool crlf);
/* How many bytes of a line's end are at the end of the len bytes at p. */
size_t mimehead_ending(const char *p, size_t len, bool crlf);

void mimehead_read(const char *p, size_t len, bool crlf,
    struct mimehead *h_r);

#endif

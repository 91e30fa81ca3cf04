/*
 * outgoing - a message as a program of this machine hands it over: what its
 * header lacks is added, what nobody may see is taken out.
 */
#ifndef TOOLS_OUTGOING_H
#define TOOLS_OUTGOING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include "lib/buf.h"
#include "lib/mm.h"
#include "lib/addresses.h"

struct outgoing {
	struct buf text;	/* as it was read, lines ending in LF */
	struct buf header;	/* as it goes out, with the empty line */
	const char *body;	/* the rest of text */
	size_t body_len;
	bool eight;		/* it has 8-bit characters */
};

struct outgoing_facts {
	const char *from;	/* an address, for messages without From: */
	const char *name;	/* its owner's name, or "" */
	const char *host;	/* for Message-ID, and short addresses */
};

/* Where a message ends. */
enum outgoing_end {
	OUTGOING_FILE,		/* with the file */
	OUTGOING_DOT,		/* or with a line of one dot */
	OUTGOING_SMTP		/* only so; other lines have a dot too many */
};

void outgoing_init(struct outgoing *o);
/*
 * Reads f: CR LF becomes LF, other CR and NUL are left out.  0; -1 with errno,
 * EFBIG where it is larger than most (all of it is read), EPIPE where it ends
 * too early.
 */
MM_MUST_USE int outgoing_read(struct outgoing *o, FILE *f,
    enum outgoing_end end, size_t most);
/*
 * Makes the header.  to (or null) gets the recipients that To:, Cc: and Bcc:
 * name, or those of Resent- fields if there are any.  Bcc: and Return-Path:
 * are left out, From:, Date: and Message-ID: added where they lack.  0; or -1
 * with the reason in why.
 */
MM_MUST_USE int outgoing_make(struct outgoing *o,
    const struct outgoing_facts *f, struct addresses *to, char *why_r,
    size_t size);
void outgoing_free(struct outgoing *o);

#endif

/*
 * notice - hands a delivery status notification to submit.
 */
#ifndef CHANS_NOTICE_H
#define CHANS_NOTICE_H

#include <stdbool.h>
#include <stddef.h>
#include "lib/buf.h"

enum notice {
	NOTICE_TAKEN,	/* it is durable, now or since an earlier time */
	NOTICE_REFUSED,	/* for good: nobody can be told */
	NOTICE_LATER	/* submit is not there, or says so; try again */
};

struct notice_mail {
	const char *id;		/* the identifier it must get */
	const char *recipient;	/* the sender of what failed */
	const char *hostname;
	const struct buf *text;
	bool eight;		/* has 8-bit bytes */
	bool utf8;		/* and in its header */
	bool requiretls;	/* as what it is about (RFC 8689 5) */
	int priority;		/* the same (RFC 6710 4.6) */
};

/* Over the socket at path; why_r gets the reply's text or the error. */
enum notice notice_send(const char *path, const struct notice_mail *m,
    char *why_r, size_t size);

#endif

/*
 * poster - the client side of submit's socket, for a user of this machine.
 *
 * submit knows from the kernel who it is; nothing here is trusted there.
 */
#ifndef LIB_POSTER_H
#define LIB_POSTER_H

#include <stddef.h>
#include "lib/mm.h"
#include "lib/subproto.h"

struct poster {
	int sock;
	struct buf out;
	uint64_t length;		/* of the text so far */
	struct sub_verdict verdict;	/* the last one */
};

/*
 * What each gives: 0 good, 1 refused (the verdict says why), -1 trouble with
 * the connection.  open: 0, or -1 with errno.
 */
MM_MUST_USE int poster_open(struct poster *p_r, const char *path);
MM_MUST_USE int poster_sender(struct poster *p, const struct sub_envelope *e);
MM_MUST_USE int poster_recipient(struct poster *p,
    const struct sub_recipient *r);
/* A piece of the text, its lines ending in LF; 0 or -1. */
MM_MUST_USE int poster_text(struct poster *p, const char *text, size_t len);
MM_MUST_USE int poster_commit(struct poster *p);
/* The rates of a login begin anew; as poster_commit(). */
MM_MUST_USE int poster_forgive(struct poster *p, const char *login);
void poster_close(struct poster *p);

#endif

/*
 * room - is there room in the queue for one more message?
 *
 * Free bytes and inodes of its file system, looked at once a second, less
 * what is in flight: every message has its share from its first frame until
 * it is in the file system or refused, so that many at once cannot together
 * take more than there is.  What is known goes where sessions
 * see it (lib/space.h).
 */
#ifndef SUBMIT_ROOM_H
#define SUBMIT_ROOM_H

#include <stdbool.h>
#include <stdint.h>
#include "lib/mm.h"
#include "lib/reply.h"
#include "lib/space.h"

struct room {
	int dir;			/* in that file system */
	int64_t least_bytes, least_inodes;
	struct counts *counts;	/* where sessions see it; or null */
	struct space free;		/* as it was when it was looked at */
	int64_t looked;
	int64_t bytes, messages;	/* shares that are not written yet */
	int64_t new_bytes, new_messages;	/* written since the look */
};

/* What one message takes; all zero: nothing. */
struct room_share {
	int64_t bytes;		/* still to be written */
	bool held;
};

void room_init(struct room *r_r, int dir, int64_t least_bytes,
    int64_t least_inodes, struct counts *counts);
/* Looks, if it is time to, and tells the sessions. */
void room_look(struct room *r);

/*
 * A share for a message of so many bytes (-1: nobody knows); -1 with the
 * refusal, and no share.
 */
MM_MUST_USE int room_enter(struct room *r, struct room_share *s,
    int64_t bytes, struct reply *reply_r);
/* It is larger than was said: so many bytes more.  -1 with the refusal. */
MM_MUST_USE int room_grow(struct room *r, struct room_share *s, int64_t bytes,
    struct reply *reply_r);
/* So many bytes of it are in the file system by now. */
void room_wrote(struct room *r, struct room_share *s, int64_t bytes);
/* It is all there (kept), or thrown away.  Without a share: nothing. */
void room_leave(struct room *r, struct room_share *s, bool kept);

#endif

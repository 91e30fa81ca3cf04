/*
 * queued - reads the queue beside submit and deliver, without disturbing
 * them: no lock is taken, and an entry may be gone at any moment.
 */
#ifndef TOOLS_QUEUED_H
#define TOOLS_QUEUED_H

#include <stdbool.h>
#include <stddef.h>
#include "chans/feed.h"
#include "chans/marks.h"
#include "chans/qread.h"
#include "lib/trace.h"

/* An entry that was in the journal when the queue was opened. */
struct queued_place {
	char id[TRACE_ID];
	struct place place;
	struct mark *mark;	/* what deliver noted, oldest first */
	size_t nmarks;
};

struct queued_dirs {
	int queue, marks, bad;	/* marks and bad: -1 where not made yet */
	int journal;		/* the same */
	int home, home_marks;	/* of trash: where its messages were; else -1 */
	struct feed feed;
	struct queued_place *at;	/* sorted by identifier */
	size_t n, room;
};

/* Identifiers, oldest first (they begin with the time). */
struct queued_ids {
	size_t n, room;
	char (*at)[TRACE_ID];
};

struct queued {
	char id[TRACE_ID];
	bool set_aside;		/* it stands in bad/ */
	const char *damage;	/* null: the entry is whole */
	struct qread in;
	struct mark *mark;	/* one a recipient, and the entry's own */
	size_t bad_marks;	/* damaged records of marks */
};

/* -1 with errno where spool cannot be opened; ENOENT: nothing was queued. */
MM_MUST_USE int queued_open(struct queued_dirs *d_r, const char *spool);
/* What was deleted: trash/ in place of queue/, without marks and journal. */
MM_MUST_USE int queued_open_trash(struct queued_dirs *d_r,
    const char *spool);
void queued_close(struct queued_dirs *d);
/* Adds the entries' names in dir (-1: none); 0 or -1 with errno. */
MM_MUST_USE int queued_ids(int dir, struct queued_ids *ids);
/* The entries of the queue, files and journal, each once. */
MM_MUST_USE int queued_all(const struct queued_dirs *d,
    struct queued_ids *ids);
/*
 * 0, and damage tells whether it is whole; -1 with errno where there is no
 * such entry (any more) or it cannot be read.
 */
MM_MUST_USE int queued_read(const struct queued_dirs *d, const char *id,
    struct queued *q_r);
/* Of a whole entry: until an operator releases it. */
bool queued_held(const struct queued *q);
void queued_free(struct queued *q);
/* "waiting", "deferred", "delivered", "failed" */
const char *queued_state(const struct mark *m);

#endif

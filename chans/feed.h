/*
 * feed - the journal as deliver sees it: which entries it has, where, and
 * which of them are done.
 *
 * submit says in journal/ends how far each segment is durable; all before
 * that is ours to read.  A segment that is closed and whose entries are all
 * done is given back in journal/freed: what they were must be safe by then
 * in a mailbox, in a notice that submit has, or in a file of the queue.
 */
#ifndef CHANS_FEED_H
#define CHANS_FEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "chans/agenda.h"
#include "chans/jmarks.h"
#include "lib/jfile.h"
#include "lib/mm.h"

struct feed_segment {
	int fd;			/* -1: not open */
	struct jwalk walk;	/* as far as it was read */
	uint64_t end;		/* as announced */
	bool closed;
	bool freed;		/* by us; submit may take it */
	size_t live;		/* entries that are not done */
	struct jmarks marks;
};

struct feed {
	int dir, bad;
	bool open;
	bool mine;		/* false: only looks, changes nothing */
	int ends, freed;	/* -1: not there */
	struct feed_segment segment[JFILE_SEGMENTS];
	/*
	 * An entry that is not done, and its marks, which the callee keeps.
	 * False: it is nobody's, and done.
	 */
	bool (*found)(void *ctx, const char *id, const struct place *p,
	    struct mark *mark, size_t n);
	void *ctx;
};

/*
 * dir is journal/, bad is bad/.  mine: makes what is missing.  0, or -1 with
 * errno.  found and ctx are the caller's to set.
 */
MM_MUST_USE int feed_open(struct feed *f_r, int dir, int bad, bool mine);
void feed_close(struct feed *f);
/* Calls found for each entry that was not told yet. */
void feed_look(struct feed *f);
/* The segment of an entry; -1: it is another one's by now. */
int feed_fd(const struct feed *f, const struct place *p);
/* One mark, not synced; then a sync.  -1 with errno. */
MM_MUST_USE int feed_save(struct feed *f, const struct place *p,
    const char *id, const struct mark *m);
MM_MUST_USE int feed_sync(struct feed *f, const struct place *p);
/* Nothing remains to be done for it; recorded, synced by feed_settle. */
void feed_done(struct feed *f, const struct place *p, const char *id);
/* Syncs what was recorded, and gives back segments that are finished. */
void feed_settle(struct feed *f);
/* Could submit take none, and are there closed ones that wait for entries? */
bool feed_pressed(const struct feed *f);

#endif

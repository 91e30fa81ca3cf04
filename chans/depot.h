/*
 * depot - deliver's side of the queue, its folders and its journal: find,
 * lock, take, finish.  Where an entry is stored makes no difference above.
 *
 * ARCHITECTURE.md, "Queue": entry_take is QUEUED's lock, entry_done the arrow
 * to DONE.  What is made in queue/ here was in the journal before (spill.h).
 *
 * An entry in the journal has no lock of its own.  Programs of a deliver that
 * was killed may still be at one: they hold deliver.workers, shared, as we do;
 * until we had it for us alone, entries of the journal are BUSY.
 */
#ifndef CHANS_DEPOT_H
#define CHANS_DEPOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "chans/agenda.h"
#include "chans/feed.h"
#include "chans/marks.h"
#include "chans/qread.h"

struct depot {
	int top, tmp, queue, marks, bad, trash, journal;
	int lock;
	int alive;		/* deliver.workers */
	bool alone;		/* nobody of an earlier deliver is alive */
	struct feed feed;
	char (*gone)[TRACE_ID];	/* removed, queue/ not synced yet */
	size_t ngone, room;
};

/* An entry that is being worked on. */
struct entry {
	struct known *known;
	struct qread in;
	struct mark *mark;	/* one a recipient, and the entry's own */
	bool *unsaved;		/* the mark is newer than marks/ID */
	bool *busy;		/* the recipient is handed to a channel */
	size_t outstanding;	/* how many are */
	int fd;			/* holds the lock; or it is a segment's */
	uint64_t at, length;	/* in the segment; 0: all of the file */
	bool dirty;		/* a mark was written and not synced */
	int marks;		/* marks/ID; -1: not open yet */
	bool marks_made;	/* marks/ must be synced too */
};

enum taken {
	TAKEN,		/* it is ours */
	TAKEN_BUSY,	/* somebody has it locked */
	TAKEN_GONE,	/* it is not there any more */
	TAKEN_BAD,	/* damaged: moved to bad/ and logged */
	TAKEN_NOT	/* could not be read now: logged */
};

/* -1 with a reason; the lock on deliver.lock is held until the process ends. */
MM_MUST_USE int depot_open(struct depot *s_r, const char *path, char *why_r,
    size_t size);
void depot_close(struct depot *s);
/* Whether name can be an entry's. */
bool depot_is_id(const char *name);
/*
 * At the start: is the entry of the journal in queue/ as well, whole and for
 * good?  A copy that is not is removed.
 */
bool depot_moved(struct depot *s, const char *id);
/* Calls found for each entry in a folder; -1 with errno. */
MM_MUST_USE int depot_scan(int dir, void (*found)(void *ctx, const char *id),
    void *ctx);
/*
 * Syncs queue/ after entry_done and then removes the marks of those entries.
 */
void depot_settle(struct depot *s);

/*
 * Opens, locks and checks queue/ID and reads its marks.  lock false: only
 * reads (a channel program that outlived a killed deliver may hold the lock).
 */
enum taken entry_take(struct depot *s, struct known *k, bool lock,
    struct entry **e_r);
/* Writes mark i, not synced; logs what fails. */
MM_MUST_USE int entry_save(struct depot *s, struct entry *e, size_t i);
/* Writes all unsaved marks and syncs them; logs what fails. */
MM_MUST_USE int entry_save_all(struct depot *s, struct entry *e);
/* QUEUED to DONE: removes queue/ID; 0 or -1 (logged); then depot_settle. */
MM_MUST_USE int entry_done(struct depot *s, struct entry *e);
/* Gives it back; known keeps its marks where no file does. */
void entry_release(struct entry *e);

#endif

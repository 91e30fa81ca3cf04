/*
 * depot - deliver's side of the queue's folders: find, lock, take, finish.
 *
 * ARCHITECTURE.md, "Queue": entry_take is QUEUED's lock, entry_done the arrow
 * to DONE.  Nothing is ever made in queue/ here: that is submit's alone.
 */
#ifndef CHANS_DEPOT_H
#define CHANS_DEPOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "chans/agenda.h"
#include "chans/marks.h"
#include "chans/qread.h"

struct depot {
	int top, queue, marks, bad;
	int lock;
	char (*gone)[TRACE_ID];	/* removed, queue/ not synced yet */
	size_t ngone, room;
};

/* An entry that is being worked on. */
struct entry {
	struct known *known;
	struct qread in;
	struct mark *mark;	/* one a recipient */
	bool *unsaved;		/* the mark is newer than marks/ID */
	size_t outstanding;	/* recipients handed to channels */
	int fd;			/* holds the lock */
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
/* Writes the mark of recipient i, not synced; logs what fails. */
MM_MUST_USE int entry_save(struct depot *s, struct entry *e, size_t i);
/* Writes all unsaved marks and syncs them; logs what fails. */
MM_MUST_USE int entry_save_all(struct depot *s, struct entry *e);
/* QUEUED to DONE: removes queue/ID; 0 or -1 (logged); then depot_settle. */
MM_MUST_USE int entry_done(struct depot *s, struct entry *e);
/* Gives it back. */
void entry_release(struct entry *e);

#endif

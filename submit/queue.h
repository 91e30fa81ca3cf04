/*
 * queue - the queue's entries as files of their own.
 *
 * Runs in submit, as the submit user.  Its caller is trusted with nothing but
 * the bytes of the message.  States and their order: ARCHITECTURE.md, "Queue";
 * each function here is one arrow of that table.  An entry belongs to one
 * thread at a time.
 *
 * What fails gives -1 and leaves the reason in the entry: after that only
 * queue_discard() may follow.
 */
#ifndef SUBMIT_QUEUE_H
#define SUBMIT_QUEUE_H

#include <stdbool.h>
#include <stdint.h>
#include "lib/digest.h"
#include "lib/mm.h"
#include "lib/reply.h"
#include "lib/trace.h"
#include "submit/spool.h"

enum entry_state {
	ENTRY_NEW,	/* nothing on disk */
	ENTRY_WRITING,	/* tmp/ID, locked */
	ENTRY_FINISHED,	/* with its trailer */
	ENTRY_NAMED,	/* queue/ID, locked; nothing synced yet */
	ENTRY_SYNCED,	/* its bytes are; the name perhaps not yet */
	ENTRY_QUEUED,	/* durable and unlocked: deliver's now */
	ENTRY_GONE	/* discarded, or never there */
};

struct entry {
	char id[TRACE_ID];
	enum entry_state state;
	int fd;			/* -1 unless open */
	struct digest *sum;	/* of all bytes so far */
	uint64_t header;	/* bytes before the message */
	uint64_t length;	/* bytes so far */
	int error;		/* errno of what failed, 0 if nothing did */
	const char *failed;	/* and the step that did */
};

/* An entry that is nowhere yet. */
struct entry *queue_new(const char *id);
/* Frees it; an entry that is not QUEUED is discarded first. */
void queue_free(struct spool *s, struct entry *e);

/* NEW to WRITING: a new file in tmp/, locked.  EEXIST: somebody has that id. */
MM_MUST_USE int queue_create(struct spool *s, struct entry *e);

/* WRITING stays: adds bytes, header first; how many were header. */
MM_MUST_USE int queue_write(struct entry *e, const void *p, size_t len,
    size_t header);

/*
 * WRITING to FINISHED: the last bytes and the trailer in one write.  p is
 * what was not yet written, may be empty.  Starts nothing.
 */
MM_MUST_USE int queue_finish(struct entry *e, const void *p, size_t len,
    size_t header);

/*
 * FINISHED to NAMED: starts write-out, so that a batch goes to disk together,
 * and renames tmp/ID to queue/ID, still locked.  The name comes before both
 * syncs: then a file system with a journal commits all of a batch at once.
 */
MM_MUST_USE int queue_name(struct spool *s, struct entry *e);

/* NAMED to SYNCED: one sync of its bytes.  Whatever it says is final. */
MM_MUST_USE int queue_sync(struct entry *e);

/*
 * Syncs queue/ for all entries that are SYNCED; 0, or -1 with errno: then
 * each of them must be discarded.
 */
MM_MUST_USE int queue_sync_names(struct spool *s);

/*
 * SYNCED to QUEUED: gives the lock up.  Before: queue_sync_names() gave 0
 * after queue_name().  On return the message survives a power cut and is
 * deliver's: now, and not earlier, may 250 be said.
 */
void queue_release(struct entry *e);

/* NEW to QUEUED: the journal has it, durable, and deliver knows. */
void queue_journaled(struct entry *e);

/*
 * Any state but QUEUED to GONE: both names removed; one that deliver could
 * have opened already is emptied before it is unlocked, so that nobody takes
 * it for an entry.  Never syncs.
 */
void queue_discard(struct spool *s, struct entry *e);

/* Is there an entry of that identifier already? */
bool queue_has(const struct spool *s, const char *id);
/* 1 to 20 letters, digits, hyphens: nothing that could be a path. */
bool queue_id_good(const char *id);
/* 452 for want of space, 451 for all else. */
void queue_refusal(int error, struct reply *reply_r);

#endif

/*
 * jmarks - what became of the entries of one segment of the journal:
 * journal/mNN.
 *
 * Only appended to while the segment is in use, and begun again with its next
 * generation.  A record names the entry by its place, and its sum is over the
 * entry's identifier too: none is taken for another entry's.
 *
 *	"JMD" or "JMM" and zeros (8), generation (8), place (8), XXH3 of the
 *	identifier and these (8); after JMM one mark as in marks/ID (marks.h)
 */
#ifndef CHANS_JMARKS_H
#define CHANS_JMARKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "chans/marks.h"
#include "lib/mm.h"

struct jmarks_item {
	uint64_t at;		/* the entry's place */
	size_t record;		/* where in text */
};

struct jmarks {
	int fd;			/* -1: not open */
	uint64_t generation;
	uint64_t tail, size;
	bool dirty;
	unsigned char *text;	/* as it was read */
	struct jmarks_item *item;	/* by place, then by age */
	size_t n;
};

/*
 * Opens journal/mNN and reads what it has of that generation; write: makes it
 * if needed.  -1 with errno; fd may be -1 if there is none to read.
 */
MM_MUST_USE int jmarks_open(struct jmarks *m_r, int dir, size_t number,
    uint64_t generation, bool write);
void jmarks_close(struct jmarks *m);
/* Forgets what was read; appending goes on. */
void jmarks_forget(struct jmarks *m);

/*
 * What was read of the entry at that place: is it done?  If not, its marks,
 * oldest first, in memory of their own (null: none).
 */
bool jmarks_find(const struct jmarks *m, uint64_t at, const char *id,
    struct mark **mark_r, size_t *n_r);

/* Append, not synced; 0 or -1 with errno. */
MM_MUST_USE int jmarks_done(struct jmarks *m, uint64_t at, const char *id);
MM_MUST_USE int jmarks_add(struct jmarks *m, uint64_t at, const char *id,
    const struct mark *mark);
/* If anything was appended. */
MM_MUST_USE int jmarks_sync(struct jmarks *m);

#endif

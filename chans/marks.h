/*
 * marks - what became of each recipient of an entry: marks/ID.
 *
 * Only appended to: records of a fixed size, each with its own checksum over
 * the entry's identifier and itself, so that a torn or damaged record is
 * skipped and no other is lost.  The last good record of a recipient holds.
 */
#ifndef CHANS_MARKS_H
#define CHANS_MARKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "chans/chanproto.h"
#include "lib/mm.h"

#define MARK_SIZE 256		/* of a record */
#define MARK_ALONE UINT32_MAX	/* no group yet */
#define MARK_WHOLE UINT32_MAX	/* in place of a recipient */

enum mark_state {
	MARK_NONE = 0,		/* not tried yet */
	MARK_DELIVERED = 'D',
	MARK_LATER = 'L',	/* failed for now; when says the next try */
	MARK_SUCCESS = 'S',	/* delivered; the sender is not told yet */
	MARK_FAILED = 'F',	/* for good; the sender is not told yet */
	MARK_NEVER = 'N',	/* for good; nothing remains to be done */
	/* Of the entry itself, recipient MARK_WHOLE: */
	MARK_HELD = 'H',	/* by an operator, until it is released */
	MARK_FREE = 'R'		/* released: held by nobody any more */
};

enum mark_flag {
	MARK_RELAYED = 1,	/* SUCCESS: to a host that sends no notices */
	MARK_SAID = 2,		/* CHAN_SAID */
	MARK_EXPANDING = 4,	/* "expanded" is to be told */
	MARK_EXPANDED = 8	/* that was told */
};

struct mark {
	uint32_t recipient;
	uint8_t state;		/* enum mark_state */
	uint8_t flags;		/* enum mark_flag, or-ed */
	uint32_t tries;
	uint32_t group;		/* which notice tells it */
	int64_t when;		/* LATER: microseconds since 1970 */
	/*
	 * Warnings that it takes long, each named by the time it was due, in
	 * seconds since 1970: the last one that the sender got, and the one
	 * that is to be told (LATER; 0: none).
	 */
	uint32_t warned, warning;
	char code[CHANPROTO_CODE];
	char text[CHANPROTO_TEXT];
};

/* One record, of MARK_SIZE bytes; -1 if its sum or a field is wrong. */
void marks_put(const struct mark *m, const char *id, unsigned char *p_r);
MM_MUST_USE int marks_get(const unsigned char *p, const char *id,
    struct mark *m_r);

/* No marks of n recipients, and behind them the entry's own. */
void marks_init(struct mark *m_r, size_t n);
/* Where m belongs among those; null: nowhere. */
struct mark *marks_at(struct mark *all, size_t n, const struct mark *m);
/* Does it owe its sender a notice? */
bool marks_owe(const struct mark *m);
/*
 * Reads marks/ID into m_r[0..n], as marks_init has it.  bad_r gets how many
 * records were damaged.  0, or -1 with errno.
 */
MM_MUST_USE int marks_read(int dir, const char *id, struct mark *m_r,
    size_t n, size_t *bad_r);
/* Whether a look at marks/ID alone shows that nothing is owed. */
bool marks_quiet(int dir, const char *id);
/*
 * Opens marks/ID to append, made if needed (made_r: dir must be synced), a
 * torn tail cut off.  -1 with errno.
 */
int marks_open(int dir, const char *id, int *made_r);
/* One record, not synced; 0 or -1. */
MM_MUST_USE int marks_append(int fd, const char *id, const struct mark *m);

#endif

/*
 * spool - the queue's directories: opened once, checked, never by path again.
 *
 * Whoever can write into them can forge mail, so they must be ours alone.
 */
#ifndef SUBMIT_SPOOL_H
#define SUBMIT_SPOOL_H

#include <stdbool.h>
#include <stdint.h>
#include "lib/buf.h"
#include "lib/mm.h"

struct spool {
	int top, tmp, queue, marks, bad;	/* directory descriptors */
	int64_t least_free;			/* bytes; 0: not looked at */
	int64_t looked;				/* when free space was */
	bool full;				/* what was found then */
};

/*
 * Opens path and its four directories and makes those that are missing.
 * No part of the path may be a symbolic link; each must be a directory of
 * ours that neither group nor others may write.  0, or -1 with a reason.
 */
MM_MUST_USE int spool_open(struct spool *s_r, const char *path,
    int64_t least_free, struct buf *why_r);
void spool_close(struct spool *s);

/* What is wrong with keeping mail on its kind of file system; null: nothing. */
const char *spool_doubt(const struct spool *s);

/* Is there less free space than there must be?  Looks once a second. */
bool spool_full(struct spool *s);

#endif

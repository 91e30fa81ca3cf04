/*
 * spool - the queue's directories: opened once, checked, never by path again.
 *
 * Whoever can write into them can forge mail, so they must be ours alone.
 */
#ifndef SUBMIT_SPOOL_H
#define SUBMIT_SPOOL_H

#include "lib/buf.h"
#include "lib/mm.h"

struct spool {
	/* directory descriptors */
	int top, tmp, queue, marks, bad, journal;
};

/*
 * Opens path and its five directories and makes those that are missing.
 * No part of the path may be a symbolic link; each must be a directory of
 * ours that neither group nor others may write.  0, or -1 with a reason.
 */
MM_MUST_USE int spool_open(struct spool *s_r, const char *path,
    struct buf *why_r);
void spool_close(struct spool *s);

/* What is wrong with keeping mail on its kind of file system; null: nothing. */
const char *spool_doubt(const struct spool *s);

#endif

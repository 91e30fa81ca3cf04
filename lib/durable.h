/*
 * durable - the only file that syncs, links, renames and removes names.
 *
 * The rule (power cuts were tried on ext4, XFS and btrfs): the last name
 * operation comes before the last sync, and the answer to the client after
 * it.  An error of a sync is final for the data it was about: the caller
 * discards the entry and never syncs the same data again.
 * All paths are relative to directory descriptors.  0, or -1 with errno.
 */
#ifndef LIB_DURABLE_H
#define LIB_DURABLE_H

#include "lib/mm.h"

/* A new file, for the owner alone; fails if the name is taken. */
int durable_create(int dir, const char *name);
/* Starts writing out without waiting, so that a batch is written together. */
void durable_start(int fd);
MM_MUST_USE int durable_sync(int fd);		/* data, size and metadata */
/* Data that overwrites data: nothing else of the file changed. */
MM_MUST_USE int durable_data(int fd);
MM_MUST_USE int durable_sync_dir(int dir);	/* names made or gone in it */
/* Fails if the new name is taken. */
MM_MUST_USE int durable_rename(int fromdir, const char *from, int todir,
    const char *to);
/* Takes the place of to, in one step: to is always the old or the new. */
MM_MUST_USE int durable_replace(int dir, const char *from, const char *to);
MM_MUST_USE int durable_link(int fromdir, const char *from, int todir,
    const char *to);
/* No error if it is gone already. */
MM_MUST_USE int durable_remove(int dir, const char *name);
/* Makes name (0700) and syncs dir; fine if it is a directory already. */
MM_MUST_USE int durable_mkdir(int dir, const char *name);

#endif

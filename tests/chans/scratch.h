/*
 * scratch - a directory of the test's own below TMPDIR, and its removal.
 */
#ifndef TESTS_CHANS_SCRATCH_H
#define TESTS_CHANS_SCRATCH_H

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lib/mm.h"

#define SCRATCH_PATH 200

/* The directory's descriptor, or -1. */
MM_UNUSED static int
scratch_open(char path_r[SCRATCH_PATH])
{
	const char *top = getenv("TMPDIR");
	int n;

	n = snprintf(path_r, SCRATCH_PATH, "%.150s/inlet-test.",
	    top != NULL && top[0] != '\0' ? top : "/tmp");
	memset(path_r + n, 'X', 6);
	path_r[n + 6] = '\0';
	return mkdtemp(path_r) == NULL ? -1 :
	    open(path_r, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int
scratch_one(const char *path, const struct stat *st, int kind,
    struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

MM_UNUSED static void
scratch_remove(const char *path)
{
	nftw(path, scratch_one, 8, FTW_DEPTH | FTW_PHYS);
}

#endif

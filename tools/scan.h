/*
 * scan - a configuration file as libConfuse may have it.
 */
#ifndef TOOLS_SCAN_H
#define TOOLS_SCAN_H

#include "lib/buf.h"
#include "lib/conf_check.h"
#include "lib/mm.h"

#define SCAN_MOST (4 * 1024 * 1024)	/* bytes of one file */

/*
 * Stands where libConfuse has no hook of its own: as the first element of
 * every list in braces, and as name and value of the first setting of every
 * section.  No file can have it: control characters are refused.
 */
#define SCAN_MARK "\001"

/*
 * Copies the len bytes at p to out, line for line, without comments and with
 * the marks.  0, or -1 with what is wrong in w; name is the file's.
 */
MM_MUST_USE int scan_text(const char *p, size_t len, const char *name,
    struct buf *out, struct conf_wrong *w);

/* The same for the file; a readable memory file at its start, or -1. */
MM_MUST_USE int scan_file(const char *name, struct conf_wrong *w);

#endif

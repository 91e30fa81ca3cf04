/*
 * maketable - a GDBM table made from text, and put where the old one was.
 */
#ifndef TABLES_MAKETABLE_H
#define TABLES_MAKETABLE_H

#include <stdbool.h>
#include "lib/buf.h"

/*
 * join: a repeated key's values are joined as in a text table; else it is an
 * error.  0, or a sysexits code with the reasons in why_r, a line each; then
 * what was at output before still is, and opens.
 */
MM_MUST_USE int maketable(const char *input, const char *output, bool join,
    struct buf *why_r);

#endif

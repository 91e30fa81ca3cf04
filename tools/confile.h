/*
 * confile - reads a configuration file into sections, with libConfuse.
 */
#ifndef TOOLS_CONFILE_H
#define TOOLS_CONFILE_H

#include "lib/conf.h"
#include "lib/conf_check.h"
#include "lib/mm.h"

/*
 * Reads path and what it includes into c, which is empty.  0, or -1 with what
 * is wrong in w, one line each.  Nothing is completed or checked but each
 * setting by itself.  Once in a process: after a mistake libConfuse keeps
 * something of the file in its own globals.
 */
MM_MUST_USE int confile_read(struct conf *c, const char *path,
    struct conf_wrong *w);

#endif

/*
 * guard - a small process that outlives a channel program, to kill what that
 * has started: a command and all that is in its process group.
 *
 * However the program ends, even by SIGKILL, the guard reads the end of its
 * pipe then.  It keeps descriptor 4 (chanproto.h's alive descriptor) open
 * until it is done, so that the next deliver waits for it.
 */
#ifndef CHANS_GUARD_H
#define CHANS_GUARD_H

#include <sys/types.h>
#include "lib/mm.h"

struct guard {
	pid_t pid;
	int to;
};

/* -1 with errno. */
MM_MUST_USE int guard_start(struct guard *g_r);
/* From now on this group (0: none) is to be killed; -1 if it is gone. */
MM_MUST_USE int guard_watch(struct guard *g, pid_t group);
void guard_end(struct guard *g);

#endif

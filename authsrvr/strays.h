/*
 * strays - ends what programs have left behind, wherever it went.
 *
 * setsid(2), as pam_exec calls it, is enough to leave a process group; who has
 * adopted orphans gets what those left, too, however far they went.
 */
#ifndef AUTHSRVR_STRAYS_H
#define AUTHSRVR_STRAYS_H

#include <stddef.h>
#include <sys/types.h>
#include "lib/mm.h"

/* What is left by our children, and theirs, is our child from now on. */
MM_MUST_USE int strays_adopt(void);
/*
 * Kills and collects the children that are none of keep (0 is nobody); how
 * many have yet to end: SIGCHLD comes for each, and what those leave is ours.
 * Without /proc there seem to be none, as there are where it is not ours to
 * kill them.
 */
int strays_end(const pid_t *keep, size_t n);

#endif

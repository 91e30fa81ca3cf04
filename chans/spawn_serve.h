/*
 * spawn_serve - the root side of the spawner.
 *
 * Keeps three capabilities: to become other users, and to kill what it has
 * started as them.  Trusts the configuration, which it has from tailor itself
 * at each reload, and nothing that deliver says but a channel's name and the
 * number of a program: it looks both up.  It reads no mail and no file.
 */
#ifndef CHANS_SPAWN_SERVE_H
#define CHANS_SPAWN_SERVE_H

#include <sys/types.h>
#include "lib/plan.h"
#include "lib/tailored.h"

/*
 * In a child of deliver; fds are the record, the requests, the pipe for ends,
 * and the log or -1.  Ends when parent does, or closes the requests: then it
 * kills all that it has started, and waits for that.
 */
_Noreturn void spawn_serve(const struct tailored_options *o,
    const struct plan *plan, const int fds[4], pid_t parent);

#endif

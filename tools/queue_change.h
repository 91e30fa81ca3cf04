/*
 * queue_change - inlet queue hold, release, retry, delete, bounce, undelete.
 */
#ifndef TOOLS_QUEUE_CHANGE_H
#define TOOLS_QUEUE_CHANGE_H

#include <stdbool.h>
#include "tools/configured.h"
#include "tools/queued.h"
#include "tools/request.h"
#include "tools/selection.h"

/* Whether there is such a verb. */
bool queue_change_is(const char *verb);
/* The messages that s means, in d; the exit code. */
int queue_change(const struct request *r, const struct configured *c,
    const char *verb, const struct selection *s, struct queued_dirs *d);

#endif

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

struct queue_verb;

/* Null if there is no such verb. */
const struct queue_verb *queue_change_verb(const char *name);
/* The messages that s means, in d; the exit code. */
int queue_change(const struct request *r, const struct configured *c,
    const struct queue_verb *verb, const struct selection *s,
    struct queued_dirs *d);

#endif

/*
 * refusal - what is refused, or would be, in the log.
 */
#ifndef SMTPSRVR_REFUSAL_H
#define SMTPSRVR_REFUSAL_H

#include <stdint.h>
#include "smtpsrvr/session.h"

/* waited: how long the client was kept waiting for it, ms. */
void refusal_log(struct session *s, const struct reply *r, const char *verb,
    int64_t waited);
/* A check that is tried would have refused it. */
void refusal_rehearsed(struct session *s, const struct reply *r,
    const char *verb, const char *check);

#endif

/*
 * askbackends - asks the back ends as authsrvr does, by the same pool.
 */
#ifndef TOOLS_ASKBACKENDS_H
#define TOOLS_ASKBACKENDS_H

#include "authsrvr/worker.h"
#include "lib/mm.h"

/* Is it that login's password?  -1 if the pool cannot be started. */
MM_MUST_USE int askbackends(const struct conf *c, const char *login,
    const char *password, struct verify_result *result_r);

#endif

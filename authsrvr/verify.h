/*
 * verify - is it so? one question to the back ends, one answer.
 *
 * Runs in a worker.  Login and secret are a stranger's.
 */
#ifndef AUTHSRVR_VERIFY_H
#define AUTHSRVR_VERIFY_H

#include "authsrvr/worker.h"
#include "lib/settings.h"

/*
 * Asks the back ends of s in their order until one of them says yes, or knows
 * the login and says no.  If none does it is LATER if one of them could not
 * say, else NO.  May take until the deadline, and longer where a library does.
 */
void verify(const struct settings *s, const struct verify_question *q,
    int64_t deadline, struct verify_result *result_r);

#endif

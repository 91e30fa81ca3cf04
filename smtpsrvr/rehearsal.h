/*
 * rehearsal - which checks may be tried (the setting rehearse).
 */
#ifndef SMTPSRVR_REHEARSAL_H
#define SMTPSRVR_REHEARSAL_H

#include <stdbool.h>
#include "lib/buf.h"
#include "lib/conf.h"

/* Is it one that may be, or all of them?  In the spelling of settings. */
bool rehearsal_may(const char *name);
/* Are all that are, wherever the setting stands?  0, or -1 with why. */
MM_MUST_USE int rehearsal_check(const struct conf *c, struct buf *why_r);

#endif

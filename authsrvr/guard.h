/*
 * guard - how often logins fail, and what follows from it (auth-failures,
 * auth-delay).
 *
 * Counts are in a table of fixed size (lib/counts.h), which smtpd keeps: the
 * authsrvr that follows a reload, or one that died, goes on with them.
 */
#ifndef AUTHSRVR_GUARD_H
#define AUTHSRVR_GUARD_H

#include <stdbool.h>
#include <stdint.h>
#include "lib/conf.h"
#include "lib/net.h"

struct guard;

/* table: a descriptor of the counts, or -1 for some of its own. */
struct guard *guard_new(const struct conf *c, int table);
/*
 * May nobody at peer (family 0: nobody's) log in now; or, unless login is
 * null, not as that?  *what_r is the limit, for the log.
 */
bool guard_bars(const struct guard *g, const struct netaddr *peer,
    const char *login, const char **what_r);
/* Counts a failure; how many ms its answer waits.  login may be "". */
int64_t guard_failed(struct guard *g, const struct netaddr *peer,
    const char *login);
/* What failed for that login from that prefix counts no more. */
void guard_succeeded(struct guard *g, const struct netaddr *peer,
    const char *login);

#endif

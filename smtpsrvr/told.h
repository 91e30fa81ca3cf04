/*
 * told - a client's address that a listed proxy says, in place of the
 * connection's own.
 */
#ifndef SMTPSRVR_TOLD_H
#define SMTPSRVR_TOLD_H

#include "smtpsrvr/checks.h"

/*
 * From now on that is the client, and server what it connected to: for the
 * checks, the log, submit, and smtpd, which counts it and may refuse.
 */
enum check_verdict told_client(struct session *s,
    const struct netaddr *client, const struct netaddr *server,
    struct reply *r);

#endif

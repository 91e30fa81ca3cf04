/*
 * consult - the way from a session to lookup.
 */
#ifndef SMTPSRVR_CONSULT_H
#define SMTPSRVR_CONSULT_H

#include "smtpsrvr/session.h"

/* A connection to lookup, for the caller to close; -1 if there is none. */
MM_MUST_USE int consult_lookup(const struct server *v);

#endif

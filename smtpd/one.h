/*
 * one - the 4.3 and sun forms: one connection on descriptor 0, for which
 * smtpsrvr is executed.
 */
#ifndef SMTPD_ONE_H
#define SMTPD_ONE_H

#include "smtpd/options.h"

/* Executes smtpsrvr; comes back with an exit code only if it cannot. */
int one_connection(const struct options *o);

#endif

/*
 * serve - the loop: accept, admit, pass on, supervise.
 */
#ifndef SMTPD_SERVE_H
#define SMTPD_SERVE_H

#include "smtpd/options.h"

/*
 * Serves until SIGTERM; gives the exit code.  We were started with n listening
 * descriptors from first on: a single one is the first listener's, several are
 * for whoever listens at their addresses.
 */
int serve(const struct options *o, int first, int n);

#endif

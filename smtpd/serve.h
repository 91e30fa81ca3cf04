/*
 * serve - the loop: accept, admit, pass on, supervise.
 */
#ifndef SMTPD_SERVE_H
#define SMTPD_SERVE_H

#include "smtpd/options.h"

/*
 * Serves until SIGTERM; gives the exit code.  adopted is a listening
 * descriptor that we were started with, or -1.
 */
int serve(const struct options *o, int adopted);

#endif

/*
 * askpass - a password from the terminal, or from standard input; never from
 * the command line, which everybody can read.
 */
#ifndef TOOLS_ASKPASS_H
#define TOOLS_ASKPASS_H

#include <stddef.h>
#include "lib/mm.h"

/*
 * Where standard input is a terminal it asks twice, without an echo; else the
 * first line is the password.  Null, or why there is none.
 */
MM_MUST_USE const char *askpass(const char *login, char *password_r,
    size_t size);

#endif

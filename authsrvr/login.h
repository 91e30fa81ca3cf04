/*
 * login - the names that people log in with: "user" or "user@domain".
 *
 * What a client typed becomes the one form that rows, receipts, counts and
 * tables know: SASLprep (RFC 4013), the domain in lower case, and the rest too
 * unless case counts.
 */
#ifndef AUTHSRVR_LOGIN_H
#define AUTHSRVR_LOGIN_H

#include <stdbool.h>
#include <stddef.h>
#include "lib/mm.h"
#include "lib/receipt.h"

/*
 * -1, and dst empty, if nobody can have that name: it is empty or too long, no
 * UTF-8, has control characters or a colon, or begins with #, or begins or ends
 * with a blank.
 */
MM_MUST_USE int login_prepare(char dst[AUTH_LOGIN], const char *typed,
    bool fold);
/*
 * The same of a password: RFC 4013, or as it is where that cannot be done (old
 * ones need not be UTF-8).  -1 only if it does not fit.
 */
MM_MUST_USE int login_prepare_password(char *dst, size_t size,
    const char *typed);

#endif

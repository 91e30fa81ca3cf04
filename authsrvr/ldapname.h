/*
 * ldapname - filters and distinguished names with a login in them.
 *
 *	%u the login, %n what is before its last @ (or all), %d what is behind
 *	it, %% a percent sign
 *
 * The login is a stranger's: whatever means something there is escaped.
 */
#ifndef AUTHSRVR_LDAPNAME_H
#define AUTHSRVR_LDAPNAME_H

#include <stddef.h>
#include "lib/mm.h"

enum ldapname { LDAPNAME_FILTER, LDAPNAME_DN };

/*
 * -1, and dst empty, if it does not fit, or %d is wanted and the login has no
 * domain.
 */
MM_MUST_USE int ldapname_fill(char *dst, size_t size, const char *pattern,
    const char *login, enum ldapname kind);

#endif

/*
 * cram - CRAM-MD5 (RFC 2195): is a digest that of a password?
 */
#ifndef AUTHSRVR_CRAM_H
#define AUTHSRVR_CRAM_H

#include <stdbool.h>
#include "authsrvr/passrow.h"

#define CRAM_DIGEST 32		/* hexadecimal digits */

/*
 * said: the challenge, a blank, and the digest in lower case.  A row without a
 * password in the clear, or a pretended one, says no after the same work.
 */
bool cram_fits(const struct passrow *row, const char *said);

#endif

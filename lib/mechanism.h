/*
 * mechanism - the SASL mechanisms that there are for AUTH, and what each asks
 * of the connection and of the back ends.
 */
#ifndef LIB_MECHANISM_H
#define LIB_MECHANISM_H

#include <stdbool.h>

#define AUTH_LINE 12288		/* a line of base64 (RFC 4954 4) */

/* In the order of mechanism.c. */
enum mechanism { MECHANISM_PLAIN, MECHANISM_LOGIN, MECHANISMS };

/* -1: no such mechanism.  Any case. */
int mechanism_find(const char *name);
const char *mechanism_name(enum mechanism m);
/* Does it send what would open the same door again? */
bool mechanism_sends_secret(enum mechanism m);
/* The nearest name, or null. */
const char *mechanism_nearest(const char *name);

#endif

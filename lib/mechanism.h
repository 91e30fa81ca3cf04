/*
 * mechanism - the SASL mechanisms that there are for AUTH, and what each asks
 * of the connection and of the back ends.
 */
#ifndef LIB_MECHANISM_H
#define LIB_MECHANISM_H

#include <stdbool.h>

#define AUTH_LINE 12288		/* a line of base64 (RFC 4954 4) */

/* In the order of mechanism.c. */
enum mechanism {
	MECHANISM_SCRAM_SHA_256_PLUS,
	MECHANISM_SCRAM_SHA_256,
	MECHANISM_SCRAM_SHA_1,
	MECHANISM_CRAM_MD5,
	MECHANISM_PLAIN,
	MECHANISM_LOGIN,
	MECHANISM_XOAUTH2,
	MECHANISM_OAUTHBEARER,
	MECHANISM_EXTERNAL,
	MECHANISMS
};

/* -1: no such mechanism.  Any case. */
int mechanism_find(const char *name);
const char *mechanism_name(enum mechanism m);
/* Does it send what would open the same door again? */
bool mechanism_sends_secret(enum mechanism m);
/* Does it bind to the connection (RFC 9266)? */
bool mechanism_binds(enum mechanism m);
/* The back end that it needs, or null: any will do. */
const char *mechanism_backend(enum mechanism m);
/* The nearest name, or null. */
const char *mechanism_nearest(const char *name);

#endif

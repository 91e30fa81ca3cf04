/*
 * receipt - what proves to submit that a session's client has logged in.
 *
 * HMAC-SHA256 (RFC 2104), with a key that smtpd makes at its start, over the
 * session and who it is.  authsrvr makes receipts and submit checks them;
 * nobody else is given the key, sessions least of all.
 */
#ifndef LIB_RECEIPT_H
#define LIB_RECEIPT_H

#include <stdbool.h>
#include <stdint.h>
#include "lib/mm.h"

#define RECEIPT 32
#define RECEIPT_KEY 32
#define AUTH_LOGIN 256		/* a login with its NUL */
#define AUTH_MECHANISM 24	/* a mechanism's name: RFC 4422 3.1 has 20 */

/* What it is about; bytes behind the texts' NULs do not matter. */
struct receipt_of {
	uint64_t serial;	/* of the session: never used again */
	uint32_t row;
	const char *mechanism;	/* in capitals */
	const char *login;
};

/* A memory file with a new key, which nobody can change; -1 with errno. */
int receipt_key_make(void);
/* Reads it from the file and closes that; 0, or -1 if it is none. */
MM_MUST_USE int receipt_key_read(int fd, uint8_t key_r[RECEIPT_KEY]);

void receipt_make(const uint8_t key[RECEIPT_KEY], const struct receipt_of *of,
    uint8_t receipt_r[RECEIPT]);
/* Takes the same time whichever byte differs. */
bool receipt_good(const uint8_t key[RECEIPT_KEY], const struct receipt_of *of,
    const uint8_t receipt[RECEIPT]);

#endif

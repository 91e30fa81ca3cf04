/*
 * passrow - a row of the password file: what proves a login's password.
 *
 *	jane:{SCRAM-SHA-256}10000,SALT,STOREDKEY,SERVERKEY:{SCRAM-SHA-1}...
 *	joe@example.org:{CRYPT}$y$j9T$...
 *	old:{CRYPT}...:{PLAIN}the password, to the end of the line
 *
 * Salt and keys are base64 (the four of RFC 5803).
 */
#ifndef AUTHSRVR_PASSROW_H
#define AUTHSRVR_PASSROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "authsrvr/login.h"
#include "lib/buf.h"
#include "lib/mm.h"

#define PASSROW_LINE 2048	/* longest row with its newline */
#define PASSROW_SECRET 1025	/* longest password with its NUL */
#define PASSROW_SALT 64
#define PASSROW_HASH 32		/* SHA-256; of SHA-1 20 are used */
#define PASSROW_ITERATIONS 10000	/* of new rows (RFC 7677: 4096) */
#define PASSROW_ITERATIONS_MOST 10000000

enum scram { SCRAM_SHA256, SCRAM_SHA1, SCRAM_KINDS };

struct scram_secret {
	uint32_t iterations;	/* 0: there is none */
	uint32_t salt_len;
	unsigned char salt[PASSROW_SALT];
	unsigned char stored[PASSROW_HASH], server[PASSROW_HASH];
};

struct passrow {
	bool pretended;		/* nobody's: passwords_find() */
	char login[AUTH_LOGIN];
	struct scram_secret scram[SCRAM_KINDS];
	char crypt[384];	/* as crypt(5) has it; "": none */
	char clear[PASSROW_SECRET];	/* for CRAM-MD5; "": none */
};

/* One row without its newline; null, or why it is none. */
MM_MUST_USE const char *passrow_parse(const char *line, size_t len,
    struct passrow *row_r);
/* The login of a row that looks like one; null, or why it does not. */
MM_MUST_USE const char *passrow_glance(const char *line, size_t len,
    size_t *login_len_r);
/* Has a row that looks like one a secret of that kind? */
bool passrow_has(const char *line, size_t len, enum scram kind);
/* Adds it to b, with its newline; -1 if it is too long. */
MM_MUST_USE int passrow_format(const struct passrow *row, struct buf *b);

/* What a new row holds. */
enum {
	PASSROW_SCRAM = 1,	/* both */
	PASSROW_CRYPT = 2,	/* yescrypt */
	PASSROW_CLEAR = 4
};
/* A row for that password; null, or why there can be none. */
MM_MUST_USE const char *passrow_make(struct passrow *row_r,
    const char *login, const char *password, unsigned holds);

/*
 * Is it that row's password?  Takes as long whatever the answer is.  A row
 * that is pretended says no, after the work.
 */
bool passrow_fits(const struct passrow *row, const char *password);

/*
 * Makes row, of somebody else, the one of a login that there is not: of the
 * same kinds and costs, the same each time, and nobody's.
 */
void passrow_pretend(struct passrow *row, const char *login);

void passrow_wipe(struct passrow *row);

#endif

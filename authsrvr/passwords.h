/*
 * passwords - the password file.
 *
 * Nothing of it is kept: each question reads all of it, so that a change
 * counts at once, and who is at its end is found as fast as who is not there.
 * A row that is damaged hides nobody: whose it may be hears later, not never.
 */
#ifndef AUTHSRVR_PASSWORDS_H
#define AUTHSRVR_PASSWORDS_H

#include <stddef.h>
#include <sys/types.h>
#include "authsrvr/passrow.h"

#define PASSWORDS_MOST (64 * 1024 * 1024)	/* bytes of a file */

enum passwords_answer { PASSWORDS_FOUND, PASSWORDS_NONE, PASSWORDS_LATER };

/*
 * The row of a login, which login_prepare() made.  LATER, with the reason: the
 * file cannot be read or is not safe, the row is damaged, or there is none but
 * another is damaged.  NONE: row_r is a pretended one, with which an exchange
 * goes as with somebody's, and fails.
 */
enum passwords_answer passwords_find(const char *path, const char *login,
    struct passrow *row_r, char *why_r, size_t size);
/* The same, where it is user who must be able to read it safely. */
enum passwords_answer passwords_find_as(uid_t user, const char *path,
    const char *login, struct passrow *row_r, char *why_r, size_t size);

/*
 * What SCRAM of that kind wants.  NONE: there is no such login, or it has none
 * of the kind; the secret is a pretended one, like those that there are.
 */
enum passwords_answer passwords_find_scram(const char *path,
    const char *login, enum scram kind, struct scram_secret *secret_r,
    char *why_r, size_t size);

/*
 * Opens the file to read it, if it is a regular one, root's or user's own,
 * that its owner alone may change and others may not read; -1 with a reason.
 */
int passwords_open(const char *path, uid_t user, char *why_r, size_t size);

/*
 * Calls each(ctx, line number, row, len) for every row, without its newline,
 * passing over empty lines and comments (null of text, newline missing: the
 * last one is cut).  -1 with errno if it cannot be read.
 */
typedef void passwords_each(void *ctx, int number, const char *row,
    size_t len, const char *wrong);
int passwords_walk(int fd, passwords_each *each, void *ctx);

#endif

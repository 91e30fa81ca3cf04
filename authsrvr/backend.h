/*
 * backend - who knows passwords: one function each, in a file by_NAME.c.
 *
 * They run in authworker, in a process made for one question, which may block
 * and is killed when it is late.  To add one: a file, a row in backend.c, its
 * settings, its part in inlet-authsrvr(8).
 */
#ifndef AUTHSRVR_BACKEND_H
#define AUTHSRVR_BACKEND_H

#include <stdint.h>
#include "authsrvr/login.h"
#include "authsrvr/worker.h"
#include "lib/settings.h"
#include "lib/mm.h"

enum backend_says {
	SAYS_YES,
	SAYS_NO,	/* it knows the login, and this is not its secret */
	SAYS_UNKNOWN,	/* it does not, or cannot tell: ask the next one */
	SAYS_LATER	/* it cannot say now; never NO in place of this */
};

struct inquiry {
	const struct settings *s;
	const struct verify_question *q;	/* its secret is not empty, but
						 * for SCRAM */
	char login[AUTH_LOGIN];	/* prepared; what is left here counts, if YES */
	int64_t deadline;
	struct verify_result *result;	/* why, challenge, scram */
};

struct backend {
	const char *name;
	unsigned kinds;		/* that it takes: 1 << VERIFY_... */
	enum backend_says (*ask)(struct inquiry *i);	/* null: not built */
};

/* Null if there is none of that name. */
const struct backend *backend_find(const char *name);

/* SAYS_LATER, with why. */
enum backend_says backend_later(struct inquiry *i, const char *fmt, ...)
    MM_PRINTF(2, 3);

enum backend_says by_file(struct inquiry *i);
enum backend_says by_pam(struct inquiry *i);
enum backend_says by_ldap(struct inquiry *i);
enum backend_says by_checkpassword(struct inquiry *i);
enum backend_says by_pipe(struct inquiry *i);
enum backend_says by_qmail_ldap(struct inquiry *i);
enum backend_says by_dovecot(struct inquiry *i);
enum backend_says by_saslauthd(struct inquiry *i);

#endif

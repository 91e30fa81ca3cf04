/*
 * backend - who knows passwords: the table.
 */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "authsrvr/backend.h"

#ifndef HAVE_PAM
#define by_pam NULL
#endif
#ifndef HAVE_LDAP
#define by_ldap NULL
#endif

enum { PASSWORD = 1 << VERIFY_PASSWORD };

static const struct backend backends[] = {
	{ "file", PASSWORD | 1 << VERIFY_SCRAM | 1 << VERIFY_DIGEST, by_file },
	{ "pam", PASSWORD, by_pam },
	{ "ldap", PASSWORD, by_ldap },
	{ "checkpassword", PASSWORD, by_checkpassword },
	{ "pipe", PASSWORD, by_pipe },
	{ "qmail-ldap", PASSWORD, by_qmail_ldap },
	{ "dovecot", PASSWORD | 1 << VERIFY_TOKEN, by_dovecot },
	{ "saslauthd", PASSWORD, by_saslauthd },
};

const struct backend *
backend_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(backends); i++)
		if (strcmp(backends[i].name, name) == 0)
			return &backends[i];
	return NULL;
}

enum backend_says
backend_later(struct inquiry *i, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(i->result->why, sizeof(i->result->why), fmt, ap);
	va_end(ap);
	return SAYS_LATER;
}

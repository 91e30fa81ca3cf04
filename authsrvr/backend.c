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

static const struct backend backends[] = {
	{ "file", false, by_file },
	{ "pam", false, by_pam },
	{ "ldap", false, by_ldap },
	{ "checkpassword", false, by_checkpassword },
	{ "pipe", false, by_pipe },
	{ "qmail-ldap", false, by_qmail_ldap },
	{ "dovecot", true, by_dovecot },
	{ "saslauthd", false, by_saslauthd },
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

/*
 * login - the names that people log in with: "user" or "user@domain".
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <gsasl.h>
#include "authsrvr/login.h"
#include "lib/text.h"

static bool
good(const char *s)
{
	size_t len = strlen(s);

	for (size_t i = 0; i < len; i++)
		if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f || s[i] == ':')
			return false;
	return len > 0 && s[0] != ' ' && s[0] != '#' && s[len - 1] != ' ';
}

int
login_prepare(char dst[AUTH_LOGIN], const char *typed, bool fold)
{
	char *made = NULL, *at;
	int result;

	dst[0] = '\0';
	if (strlen(typed) >= AUTH_LOGIN ||
	    gsasl_saslprep(typed, 0, &made, NULL) != GSASL_OK)
		return -1;
	result = good(made) ? text_copy(dst, AUTH_LOGIN, made) : -1;
	gsasl_free(made);
	at = strrchr(dst, '@');
	if (fold)
		text_lower(dst);
	else if (at != NULL)
		text_lower(at);
	return result;
}

int
login_prepare_password(char *dst, size_t size, const char *typed)
{
	char *made = NULL;
	int result;

	if (gsasl_saslprep(typed, 0, &made, NULL) != GSASL_OK)
		return text_copy(dst, size, typed);
	result = text_copy(dst, size, made);
	explicit_bzero(made, strlen(made));
	gsasl_free(made);
	return result;
}

/*
 * by_ldap - LDAP: whoever can bind as the login's entry knows its password.
 *
 * The entry is found by a search, or is auth-ldap-dn with the login in it.
 * Login and password are a stranger's: the one is escaped (RFC 4514, RFC 4515),
 * and the other never empty (RFC 4513 5.1.2: that would be nobody's bind).
 */
#include "config.h"

#ifdef HAVE_LDAP

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>
#include <ldap.h>
#include "authsrvr/backend.h"
#include "authsrvr/ldapname.h"
#include "authsrvr/secretfile.h"
#include "lib/clock.h"
#include "lib/text.h"

#define NAME_MOST 4096		/* a filter or a distinguished name */

static struct timeval
time_left(const struct inquiry *i)
{
	int ms = clock_left(i->deadline);

	/* Zero would be for ever. */
	if (ms < 1)
		ms = 1;
	return (struct timeval){ .tv_sec = ms / 1000,
		.tv_usec = ms % 1000 * 1000 };
}

static enum backend_says
trouble(struct inquiry *i, LDAP *l, const char *what, int code)
{
	char *more = NULL;
	enum backend_says says;

	if (l != NULL)
		ldap_get_option(l, LDAP_OPT_DIAGNOSTIC_MESSAGE, &more);
	says = backend_later(i, "%s: %s%s%s", what, ldap_err2string(code),
	    more != NULL && more[0] != '\0' ? ": " : "",
	    more != NULL ? more : "");
	ldap_memfree(more);
	return says;
}

static int
set(LDAP *l, int option, const void *value)
{
	return ldap_set_option(l, option, value) == LDAP_OPT_SUCCESS ?
	    LDAP_SUCCESS : LDAP_PARAM_ERROR;
}

static int
set_up(struct inquiry *i, LDAP *l)
{
	const struct settings *s = i->s;
	struct timeval left = time_left(i);
	int version = LDAP_VERSION3, demand = LDAP_OPT_X_TLS_DEMAND, own = 0;
	int code = set(l, LDAP_OPT_PROTOCOL_VERSION, &version);

	if (code == LDAP_SUCCESS)
		code = set(l, LDAP_OPT_REFERRALS, LDAP_OPT_OFF);
	if (code == LDAP_SUCCESS)
		code = set(l, LDAP_OPT_NETWORK_TIMEOUT, &left);
	if (code == LDAP_SUCCESS)
		code = set(l, LDAP_OPT_TIMEOUT, &left);
	if (code == LDAP_SUCCESS && s->auth_ldap_ca[0] != '\0')
		code = set(l, LDAP_OPT_X_TLS_CACERTFILE, s->auth_ldap_ca);
	if (code == LDAP_SUCCESS)
		code = set(l, LDAP_OPT_X_TLS_REQUIRE_CERT, &demand);
	if (code == LDAP_SUCCESS)
		code = set(l, LDAP_OPT_X_TLS_NEWCTX, &own);
	if (code == LDAP_SUCCESS && s->auth_ldap_starttls)
		code = ldap_start_tls_s(l, NULL, NULL);
	return code;
}

static int
bind_as(LDAP *l, const char *dn, const char *password)
{
	struct berval secret = { .bv_len = strlen(password),
		.bv_val = (char *)(uintptr_t)password };

	return ldap_sasl_bind_s(l, dn, LDAP_SASL_SIMPLE, &secret, NULL, NULL,
	    NULL);
}

/* As whom we search: nobody, or auth-ldap-bind-dn. */
static enum backend_says
bind_searcher(struct inquiry *i, LDAP *l)
{
	char secret[256], why[160];
	int code;

	if (i->s->auth_ldap_bind_dn[0] == '\0')
		return SAYS_YES;
	if (secretfile_read(i->s->auth_ldap_password_file, geteuid(), secret,
	    sizeof(secret), why, sizeof(why)) == -1)
		return backend_later(i, "%s", why);
	code = bind_as(l, i->s->auth_ldap_bind_dn, secret);
	explicit_bzero(secret, sizeof(secret));
	return code == LDAP_SUCCESS ? SAYS_YES :
	    trouble(i, l, "bind to search", code);
}

/* YES: exactly one, whose name dn gets. */
static enum backend_says
take_entry(struct inquiry *i, LDAP *l, LDAPMessage *found, char *dn,
    size_t size)
{
	int n = ldap_count_entries(l, found);
	char *name;
	int copied;

	if (n == 0)
		return SAYS_UNKNOWN;
	if (n != 1)
		return backend_later(i, "the filter finds more than one "
		    "entry for that login");
	name = ldap_get_dn(l, ldap_first_entry(l, found));
	if (name == NULL)
		return backend_later(i, "an entry without a name");
	copied = text_copy(dn, size, name);
	ldap_memfree(name);
	/* With an empty name a bind would always do. */
	if (copied == -1 || dn[0] == '\0')
		return backend_later(i, "the entry's name is empty or too "
		    "long");
	return SAYS_YES;
}

static enum backend_says
search(struct inquiry *i, LDAP *l, char *dn, size_t size)
{
	char filter[NAME_MOST], none[] = LDAP_NO_ATTRS, *attributes[] = {
		none, NULL };
	struct timeval left = time_left(i);
	LDAPMessage *found = NULL;
	enum backend_says says = bind_searcher(i, l);
	int code;

	if (says != SAYS_YES)
		return says;
	if (ldapname_fill(filter, sizeof(filter), i->s->auth_ldap_filter,
	    i->login, LDAPNAME_FILTER) == -1)
		return SAYS_UNKNOWN;
	code = ldap_search_ext_s(l, i->s->auth_ldap_base, LDAP_SCOPE_SUBTREE,
	    filter, attributes, 0, NULL, NULL, &left, 2, &found);
	if (code == LDAP_SUCCESS || code == LDAP_SIZELIMIT_EXCEEDED)
		says = take_entry(i, l, found, dn, size);
	else
		says = trouble(i, l, "search", code);
	ldap_msgfree(found);
	return says;
}

/* A bind with the password: what its code says of it. */
static enum backend_says
verdict(struct inquiry *i, LDAP *l, int code)
{
	switch (code) {
	case LDAP_SUCCESS:
		return SAYS_YES;
	case LDAP_INVALID_CREDENTIALS:
		/* Who was searched is there; else nobody can tell. */
		return i->s->auth_ldap_dn[0] == '\0' ? SAYS_NO :
		    SAYS_UNKNOWN;
	case LDAP_NO_SUCH_OBJECT:
	case LDAP_INVALID_DN_SYNTAX:
		return SAYS_UNKNOWN;
	case LDAP_INAPPROPRIATE_AUTH:	/* it has no password */
	case LDAP_CONSTRAINT_VIOLATION:	/* locked */
	case LDAP_UNWILLING_TO_PERFORM:	/* not active */
	case LDAP_INSUFFICIENT_ACCESS:
		return SAYS_NO;
	default:
		return trouble(i, l, "bind", code);
	}
}

static enum backend_says
ask(struct inquiry *i, LDAP *l)
{
	char dn[NAME_MOST];
	enum backend_says says = SAYS_YES;
	int code = set_up(i, l);

	if (code != LDAP_SUCCESS)
		return trouble(i, l, i->s->auth_ldap_uri, code);
	if (i->s->auth_ldap_dn[0] == '\0')
		says = search(i, l, dn, sizeof(dn));
	else if (ldapname_fill(dn, sizeof(dn), i->s->auth_ldap_dn, i->login,
	    LDAPNAME_DN) == -1)
		says = SAYS_UNKNOWN;
	if (says != SAYS_YES)
		return says;
	return verdict(i, l, bind_as(l, dn, i->q->secret));
}

enum backend_says
by_ldap(struct inquiry *i)
{
	LDAP *l = NULL;
	enum backend_says says;
	int code;

	/* No file of anybody's says where to connect or whom to believe. */
	if (setenv("LDAPNOINIT", "1", 1) == -1)
		return backend_later(i, "setenv: %s", strerror(errno));
	code = ldap_initialize(&l, i->s->auth_ldap_uri);
	if (code != LDAP_SUCCESS)
		return trouble(i, NULL, i->s->auth_ldap_uri, code);
	says = ask(i, l);
	ldap_unbind_ext_s(l, NULL, NULL);
	return says;
}

#endif

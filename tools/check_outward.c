/*
 * check_outward - the files that ch_smtp reads: certificates that it trusts,
 * and its logins.
 *
 * Passwords are never shown, nor anything that may be one.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "lib/path.h"
#include "smtpsrvr/expiry.h"
#include "tools/asuser.h"
#include "tools/check.h"

#define LOGINS_MOST (64 * 1024)		/* as ch_smtp has it */
#define LINE_MOST 1024

static const struct proc_user *
sender(const struct check *k)
{
	return &k->plan->users[PLAN_SUBMIT];
}

/* One of the file, the nth: does it prove anything, and still? */
static void
check_authority(const struct check *k, struct origin at, const char *path,
    X509 *x, int n)
{
	if (X509_check_ca(x) == 0 && X509_check_issued(x, x) != X509_V_OK)
		finding(k->f, FINDING_WARNING, at, "relay-tls-ca: certificate "
		    "%d of %s is no authority's: nothing can be proven by it",
		    n, path);
	if (expiry_days(x) < 0)
		finding(k->f, FINDING_WARNING, at, "relay-tls-ca: certificate "
		    "%d of %s has ended", n, path);
}

static void
check_trusted(const struct check *k, const struct section *s)
{
	const char *path = s->v.relay_tls_ca;
	struct origin at = s->from[SETTING_relay_tls_ca];
	int n = 0, error = asuser_access(sender(k), path, R_OK);
	FILE *f = error == 0 ? fopen(path, "r") : NULL;
	unsigned long last;
	X509 *x;

	if (f == NULL) {
		finding(k->f, FINDING_ERROR, at, "relay-tls-ca: %s: %s", path,
		    strerror(error != 0 ? error : errno));
		return;
	}
	ERR_clear_error();
	while ((x = PEM_read_X509(f, NULL, NULL, NULL)) != NULL) {
		check_authority(k, at, path, x, ++n);
		X509_free(x);
	}
	last = ERR_peek_last_error();
	(void)fclose(f);
	if (ERR_GET_LIB(last) != ERR_LIB_PEM ||
	    ERR_GET_REASON(last) != PEM_R_NO_START_LINE)
		finding(k->f, FINDING_ERROR, at, "relay-tls-ca: what follows "
		    "certificate %d in %s is damaged", n, path);
	else if (n == 0)
		finding(k->f, FINDING_ERROR, at, "relay-tls-ca: %s has no "
		    "certificate (PEM)", path);
	else
		finding(k->f, FINDING_OK, at, "channel \"%s\": trusts %d "
		    "certificate%s of %s", s->title, n, n == 1 ? "" : "s",
		    path);
	ERR_clear_error();
}

/* "HOST USER PASSWORD"; what is wrong with it, or null. */
static const char *
line_wrong(char *line, const char **word_r)
{
	char *p = line + strspn(line, " \t"), *end;
	int words = 0;

	*word_r = p;
	for (; *p != '\0'; p = end + strspn(end, " \t")) {
		end = p + strcspn(p, " \t");
		if (++words == 3)
			break;
	}
	*(line + strspn(line, " \t") + strcspn(*word_r, " \t")) = '\0';
	if (words == 1)
		return "has no user";
	if (words == 2)
		return "has no password";
	if (strcmp(*word_r, "*") != 0 && (*word_r)[0] != '[' &&
	    !path_is_domain(*word_r, strlen(*word_r)))
		return "is no host";
	return NULL;
}

static void
check_lines(const struct check *k, const struct section *s, FILE *f)
{
	struct origin at = { s->v.relay_login, 0 };
	char line[LINE_MOST];
	const char *wrong, *word;
	int good = 0;

	while (fgets(line, sizeof line, f) != NULL) {
		at.line++;
		line[strcspn(line, "\n")] = '\0';
		word = line + strspn(line, " \t");
		if (*word == '#' || *word == '\0')
			continue;
		wrong = line_wrong(line, &word);
		if (wrong == NULL)
			good++;
		else
			finding(k->f, FINDING_ERROR, at, "relay-login: the "
			    "line of \"%s\" %s; it must be: host (or *), user, "
			    "password", word, wrong);
	}
	explicit_bzero(line, sizeof line);
	if (good == 0)
		finding(k->f, FINDING_ERROR, s->from[SETTING_relay_login],
		    "relay-login: %s has no login", s->v.relay_login);
	else
		finding(k->f, FINDING_OK, s->from[SETTING_relay_login],
		    "channel \"%s\": %d login%s in %s", s->title, good,
		    good == 1 ? "" : "s", s->v.relay_login);
}

static void
check_logins(const struct check *k, const struct section *s)
{
	const char *path = s->v.relay_login;
	struct origin at = s->from[SETTING_relay_login];
	FILE *f = fopen(path, "r");
	struct stat st;

	if (f == NULL || fstat(fileno(f), &st) == -1)
		finding(k->f, FINDING_ERROR, at, "relay-login: %s: %s", path,
		    strerror(errno));
	else if (!S_ISREG(st.st_mode) || st.st_size > LOGINS_MOST)
		finding(k->f, FINDING_ERROR, at, "relay-login: %s is no file "
		    "of at most 64 KiB", path);
	else if (st.st_uid != sender(k)->uid)
		finding(k->f, FINDING_ERROR, at, "relay-login: %s must belong "
		    "to user %u, and does to %u; try: chown %u %s", path,
		    (unsigned)sender(k)->uid, (unsigned)st.st_uid,
		    (unsigned)sender(k)->uid, path);
	else if ((st.st_mode & 077) != 0)
		finding(k->f, FINDING_ERROR, at, "relay-login: others may "
		    "use %s; try: chmod 600 %s", path, path);
	else if (asuser_access(sender(k), path, R_OK) != 0)
		finding(k->f, FINDING_ERROR, at, "relay-login: user %u cannot "
		    "read %s", (unsigned)sender(k)->uid, path);
	else
		check_lines(k, s, f);
	if (f != NULL)
		(void)fclose(f);
}

void
check_outward(const struct check *k)
{
	const struct section *s;

	for (int i = 0; i < k->conf->nchannels; i++) {
		s = &k->conf->channels[i];
		if (strcmp(s->v.program, "smtp") != 0)
			continue;
		if (s->v.relay_tls_ca[0] != '\0' &&
		    s->v.relay_tls != RELAY_TLS_OFF)
			check_trusted(k, s);
		if (s->v.relay_login[0] != '\0')
			check_logins(k, s);
	}
}

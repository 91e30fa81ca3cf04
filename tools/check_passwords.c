/*
 * check_passwords - who knows passwords: can authsrvr ask them?
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "authsrvr/passwords.h"
#include "tools/asuser.h"
#include "tools/check.h"

#define WHY_MOST 4096

struct rows {
	const struct check *k;
	const char *path;
	int n, damaged, clear;
};

static struct origin
from(const struct check *k, enum setting_id id)
{
	return k->conf->server.from[id];
}

static void
count_row(void *ctx, int number, const char *p, size_t len,
    const char *wrong)
{
	struct rows *rows = ctx;
	struct passrow row;
	const char *why = passrow_parse(p, len, &row);

	if (why == NULL)
		why = wrong;
	rows->n++;
	rows->clear += row.clear[0] != '\0';
	passrow_wipe(&row);
	if (why == NULL)
		return;
	rows->damaged++;
	finding(rows->k->f, FINDING_ERROR, (struct origin){ rows->path,
	    number }, "%s; whoever is not found in another row hears 454",
	    why);
}

static void
check_password_file(const struct check *k)
{
	const struct settings *s = &k->conf->server.v;
	uid_t user = k->plan->users[PLAN_AUTH].uid;
	struct origin o = from(k, SETTING_auth_file);
	struct rows rows = { .k = k, .path = s->auth_file };
	char why[400];
	int fd, code;

	fd = passwords_open(s->auth_file, user, why, sizeof(why));
	if (fd == -1) {
		finding(k->f, FINDING_ERROR, o, "%s; try: inlet user add",
		    why);
		return;
	}
	code = asuser_access(&k->plan->users[PLAN_AUTH], s->auth_file, R_OK);
	if (code != 0)
		finding(k->f, FINDING_ERROR, o, "%s: auth-user may not read "
		    "it: %s", s->auth_file, strerror(code));
	else if (passwords_walk(fd, count_row, &rows) == -1)
		finding(k->f, FINDING_ERROR, o, "%s: %s", s->auth_file,
		    strerror(errno));
	else if (rows.damaged == 0)
		finding(k->f, FINDING_OK, o, "%d login%s in %s", rows.n,
		    rows.n == 1 ? "" : "s", s->auth_file);
	if (rows.clear > 0)
		finding(k->f, FINDING_NOTE, o, "%d passwords stand in %s as "
		    "they are", rows.clear, s->auth_file);
	close(fd);
}

/* A file, program or socket that auth-user must be able to use. */
static void
check_use(const struct check *k, enum setting_id id, int mode)
{
	const char *path = setting_strings(&k->conf->server.v, id).at[0];
	int code = asuser_access(&k->plan->users[PLAN_AUTH], path, mode);

	if (code != 0)
		finding(k->f, FINDING_ERROR, from(k, id), "%s: %s: %s",
		    setting_name(id), path, strerror(code));
	else
		finding(k->f, FINDING_OK, from(k, id), "%s can be used", path);
}

/* Without rules of its own a service has those of "other": mostly none. */
static void
check_pam(const struct check *k)
{
	const char *service = k->conf->server.v.auth_pam_service;
	char path[128];

	snprintf(path, sizeof(path), "/etc/pam.d/%s", service);
	if (access(path, F_OK) == 0)
		finding(k->f, FINDING_OK, from(k, SETTING_auth_pam_service),
		    "PAM has rules in %s", path);
	else
		finding(k->f, FINDING_WARNING,
		    from(k, SETTING_auth_pam_service), "%s: %s; PAM goes by "
		    "the rules of \"other\"", path, strerror(errno));
}

static void
check_ldap(const struct check *k)
{
	const struct settings *s = &k->conf->server.v;

	if (strstr(s->auth_ldap_uri, "ldap://") != NULL &&
	    !s->auth_ldap_starttls)
		finding(k->f, FINDING_WARNING, from(k,
		    SETTING_auth_ldap_uri), "passwords go to the LDAP server "
		    "as they are; set auth-ldap-starttls, or use ldaps://");
	if (s->auth_ldap_bind_dn[0] != '\0')
		check_use(k, SETTING_auth_ldap_password_file, R_OK);
}

/* What is wrong with the table itself check_tables says. */
static void
check_certificate_logins(const struct check *k)
{
	const char *name = k->conf->server.v.auth_certificates;
	int i = name[0] != '\0' ? conf_table(k->conf, name) : -1;
	struct tb *t;
	struct buf why;
	int code;

	if (i < 0)
		return;
	buf_init(&why, WHY_MOST);
	t = tb_open(k->conf, &k->conf->tables[i], &why);
	buf_free(&why);
	if (t == NULL)
		return;
	code = tb_path(t)[0] == '\0' ? 0 : asuser_access(
	    &k->plan->users[PLAN_AUTH], tb_path(t), R_OK);
	if (code != 0)
		finding(k->f, FINDING_ERROR, from(k,
		    SETTING_auth_certificates), "%s: auth-user may not read "
		    "it: %s; whoever logs in with EXTERNAL hears 454",
		    tb_path(t), strerror(code));
	tb_close(t);
}

void
check_passwords(const struct check *k)
{
	const struct strings *l = &k->conf->server.v.auth_backends;

	if (!k->plan->auth)
		return;
	check_certificate_logins(k);
	for (size_t i = 0; i < l->n; i++) {
		const char *name = l->at[i];

		if (strcmp(name, "file") == 0)
			check_password_file(k);
		else if (strcmp(name, "pam") == 0)
			check_pam(k);
		else if (strcmp(name, "ldap") == 0)
			check_ldap(k);
		else if (strcmp(name, "checkpassword") == 0)
			check_use(k, SETTING_auth_checkpassword, X_OK);
		else if (strcmp(name, "pipe") == 0)
			check_use(k, SETTING_auth_pipe, X_OK);
		else if (strcmp(name, "qmail-ldap") == 0)
			check_use(k, SETTING_auth_qmail_ldap, X_OK);
		else if (strcmp(name, "dovecot") == 0)
			check_use(k, SETTING_auth_dovecot, W_OK);
		else if (strcmp(name, "saslauthd") == 0)
			check_use(k, SETTING_auth_saslauthd, W_OK);
	}
}

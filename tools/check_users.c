/*
 * check_users - which users the programs run as, and who may change the
 * configuration: whoever may, decides what runs as root.
 */
#include "config.h"

#include <sys/stat.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "tools/check.h"

static const struct {
	const char *what;
	enum setting_id id;
} users[PLAN_USERS] = {
	[PLAN_SUBMIT] = { "submit and deliver", SETTING_submit_user },
	[PLAN_SESSION] = { "sessions", SETTING_session_user },
	[PLAN_LOOKUP] = { "lookup", SETTING_lookup_user },
	[PLAN_LOGGER] = { "logger", SETTING_logger_user },
	[PLAN_KEYS] = { "keysrvr", SETTING_key_user },
	[PLAN_AUTH] = { "authsrvr", SETTING_auth_user },
};

/* That they exist and are not root tailor has seen to. */
static void
check_pair(const struct check *k, int a, int b)
{
	if (k->plan->users[a].uid != k->plan->users[b].uid ||
	    (b == PLAN_AUTH && !k->plan->auth))
		return;
	finding(k->f, FINDING_WARNING, k->conf->server.from[users[b].id],
	    "%s and %s run as the same user (%u): one could attack the other",
	    users[a].what, users[b].what, (unsigned)k->plan->users[a].uid);
}

static void
check_apart(const struct check *k)
{
	unsigned before = k->f->count[FINDING_WARNING];
	char authsrvr[40];

	snprintf(authsrvr, sizeof(authsrvr), ", authsrvr %u",
	    (unsigned)k->plan->users[PLAN_AUTH].uid);
	for (int a = 0; a < PLAN_USERS; a++)
		for (int b = a + 1; b < PLAN_USERS; b++)
			check_pair(k, a, b);
	if (k->f->count[FINDING_WARNING] == before)
		finding(k->f, FINDING_OK, FINDING_NOWHERE, "users: submit %u, "
		    "sessions %u, lookup %u, logger %u, keysrvr %u%s",
		    (unsigned)k->plan->users[PLAN_SUBMIT].uid,
		    (unsigned)k->plan->users[PLAN_SESSION].uid,
		    (unsigned)k->plan->users[PLAN_LOOKUP].uid,
		    (unsigned)k->plan->users[PLAN_LOGGER].uid,
		    (unsigned)k->plan->users[PLAN_KEYS].uid,
		    k->plan->auth ? authsrvr : "");
}

static void
check_file(const struct check *k)
{
	const char *path = k->conf->path;
	struct origin at = { path, 0 };
	struct stat st;

	if (path[0] == '\0')
		return;
	if (stat(path, &st) != 0)
		finding(k->f, FINDING_ERROR, at, "%s", strerror(errno));
	else if ((st.st_mode & S_IWOTH) != 0)
		finding(k->f, FINDING_ERROR, at,
		    "everybody may write to it; try: chmod o-w %s", path);
	else if (st.st_uid != 0 && st.st_uid != geteuid())
		finding(k->f, FINDING_WARNING, at, "it belongs to user %u, "
		    "who can change what root runs", (unsigned)st.st_uid);
	else if ((st.st_mode & S_IWGRP) != 0 && st.st_gid != 0)
		finding(k->f, FINDING_WARNING, at,
		    "group %u may write to it", (unsigned)st.st_gid);
	else
		finding(k->f, FINDING_OK, at, "nobody else may change it");
}

void
check_users(const struct check *k)
{
	if (geteuid() == 0)
		check_apart(k);
	else
		finding(k->f, FINDING_NOTE, FINDING_NOWHERE, "not root: all "
		    "programs run as user %u, and sessions are confined less",
		    (unsigned)geteuid());
	check_file(k);
}

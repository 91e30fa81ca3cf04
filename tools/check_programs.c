/*
 * check_programs - our programs, and a program for every channel; nobody else
 * may change them.
 */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "tools/asuser.h"
#include "tools/check.h"

static const char *const inner[] = {
	"smtpsrvr", "submit", "lookup", "logger", "tailor",
};
static const char *const outer[] = { "smtpd", "deliver" };

/* Gives true if nothing is wrong with it. */
static bool
check_program(const struct check *k, const char *path,
    const struct proc_user *u, struct origin at, const char *what)
{
	struct stat st;
	int error = 0;

	if (stat(path, &st) != 0)
		error = errno;
	else if (!S_ISREG(st.st_mode))
		error = EISDIR;
	else
		error = asuser_access(u, path, X_OK);
	if (error != 0)
		finding(k->f, FINDING_ERROR, at, "%s: %s: %s", what, path,
		    strerror(error));
	else if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		finding(k->f, FINDING_ERROR, at, "%s: others may write to %s; "
		    "try: chmod go-w %s", what, path, path);
	else if (st.st_uid != 0 && st.st_uid != geteuid())
		finding(k->f, FINDING_WARNING, at, "%s: %s belongs to user "
		    "%u, who can change it", what, path, (unsigned)st.st_uid);
	else
		return true;
	return false;
}

static void
check_ours(const struct check *k)
{
	struct proc_user us = { geteuid(), getegid() };
	struct origin at = k->conf->server.from[SETTING_program_directory];
	char path[PATH_MAX];
	bool good = true;

	for (size_t i = 0; i < ARRAY_LEN(inner); i++)
		if (conf_program(k->conf, inner[i], path, sizeof(path)) == 0)
			good &= check_program(k, path, &us, at, inner[i]);
	for (size_t i = 0; i < ARRAY_LEN(outer); i++) {
		snprintf(path, sizeof(path), "%s/%s", k->programs != NULL ?
		    k->programs : INLET_SBIN, outer[i]);
		good &= check_program(k, path, &us, FINDING_NOWHERE,
		    outer[i]);
	}
	if (good)
		finding(k->f, FINDING_OK, at, "programs: all in %s",
		    k->plan->program_directory);
}

/* Who its program runs as: tailor has found its pipe-user, as root. */
static const struct proc_user *
user_of(const struct check *k, const struct section *s)
{
	const struct plan *p = k->plan;

	for (int32_t i = 0; i < p->nspawns; i++)
		if (strcmp(p->spawns[i].channel, s->title) == 0)
			return &p->spawns[i].user;
	return &p->users[PLAN_SUBMIT];
}

static void
check_channel(const struct check *k, const struct section *s)
{
	char name[CONF_NAME + 8], path[PATH_MAX], what[3 * CONF_NAME];

	if (s->v.program[0] == '\0')
		return;
	snprintf(name, sizeof(name), "ch_%s", s->v.program);
	snprintf(what, sizeof(what), "channel \"%s\", program", s->title);
	if (conf_program(k->conf, name, path, sizeof(path)) == 0 &&
	    check_program(k, path, user_of(k, s),
	    s->from[SETTING_program], what))
		finding(k->f, FINDING_OK, s->from[SETTING_program],
		    "channel \"%s\": delivered by %s", s->title, path);
}

static bool
check_directory(const struct check *k, const struct section *s)
{
	const char *path = s->v.pipe_directory;
	struct stat st;
	int error = 0;

	if (stat(path, &st) != 0)
		error = errno;
	else if (!S_ISDIR(st.st_mode))
		error = ENOTDIR;
	else
		error = asuser_access(user_of(k, s), path, X_OK);
	if (error != 0)
		finding(k->f, FINDING_ERROR, s->from[SETTING_pipe_directory],
		    "channel \"%s\", pipe-directory: %s: %s", s->title, path,
		    strerror(error));
	return error == 0;
}

/* A script cannot run without what its first line names. */
static bool
check_script(const struct check *k, const struct section *s, const char *what)
{
	char line[256], path[sizeof line + 4];
	FILE *f = fopen(s->v.pipe_command.at[0], "r");
	bool script = f != NULL && fgets(line, sizeof line, f) != NULL &&
	    strncmp(line, "#!", 2) == 0;
	const char *name = line + 2;

	if (f != NULL)
		(void)fclose(f);
	if (!script)
		return true;
	name += strspn(name, " \t");
	snprintf(path, sizeof path, "%.*s", (int)strcspn(name, " \t\r\n"),
	    name);
	return check_program(k, path, user_of(k, s),
	    s->from[SETTING_pipe_command], what);
}

/* What ch_pipe starts, as the same user. */
static void
check_command(const struct check *k, const struct section *s)
{
	struct origin at = s->from[SETTING_pipe_command];
	char what[3 * CONF_NAME];

	if (strcmp(s->v.program, "pipe") != 0 || s->v.pipe_command.n == 0)
		return;
	if (s->v.pipe_user[0] != '\0' && geteuid() != 0) {
		finding(k->f, FINDING_ERROR, s->from[SETTING_pipe_user],
		    "channel \"%s\": pipe-user needs a deliver that is "
		    "started as root; here its mail waits", s->title);
		return;
	}
	snprintf(what, sizeof(what), "channel \"%s\", pipe-command", s->title);
	if (check_program(k, s->v.pipe_command.at[0], user_of(k, s), at,
	    what) && check_script(k, s, what) && check_directory(k, s))
		finding(k->f, FINDING_OK, at, "channel \"%s\": its command "
		    "is %s, run by user %u", s->title,
		    s->v.pipe_command.at[0], (unsigned)user_of(k, s)->uid);
}

void
check_programs(const struct check *k)
{
	check_ours(k);
	for (int i = 0; i < k->conf->nchannels; i++)
		check_channel(k, &k->conf->channels[i]);
	for (int i = 0; i < k->conf->nchannels; i++)
		check_command(k, &k->conf->channels[i]);
}

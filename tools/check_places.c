/*
 * check_places - the directories: there or can be made, the right owner's,
 * nobody else's, and the spool where a sync means something.
 */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>
#include "lib/text.h"
#include "tools/asuser.h"
#include "tools/check.h"

#define FS_FUSE 0x65735546	/* linux/magic.h has it only since 6.6 */
#define FS_CIFS 0xff534d42

static const struct {
	long type;
	enum finding kind;
	const char *text;
} file_systems[] = {
	{ TMPFS_MAGIC, FINDING_WARNING, "is in memory (tmpfs): accepted mail "
	    "is lost when the machine stops" },
	{ RAMFS_MAGIC, FINDING_WARNING, "is in memory (ramfs): accepted mail "
	    "is lost when the machine stops" },
	{ OVERLAYFS_SUPER_MAGIC, FINDING_WARNING, "is on an overlay, as in a "
	    "container: accepted mail is lost with it; mount a volume there" },
	{ NFS_SUPER_MAGIC, FINDING_WARNING, "is on NFS: a 250 may not mean "
	    "that the mail is on a disk; use a local file system" },
	{ FS_CIFS, FINDING_WARNING, "is on a network file system: a 250 may "
	    "not mean that the mail is on a disk; use a local one" },
	{ FS_FUSE, FINDING_WARNING, "is on FUSE: a 250 may not mean that the "
	    "mail is on a disk; use a local file system" },
};

/* One directory as the program that needs it will want it. */
struct place {
	const char *what;	/* "spool-directory" */
	const char *path;
	struct origin at;
	struct proc_user owner;		/* must be; uid -1: whoever */
	struct proc_user user;		/* who works in it */
	int mode;			/* what that user must be able to do */
	const char *advice;		/* permission bits for install(1) */
	bool made;	/* the user makes it where it is missing */
};

static void
parent_of(const char *path, char dst[PATH_MAX])
{
	char *slash;

	if (text_copy(dst, PATH_MAX, path) != 0)
		return;
	slash = strrchr(dst, '/');
	if (slash == NULL || slash == dst)
		(void)!text_copy(dst, PATH_MAX, slash == NULL ? "." : "/");
	else
		*slash = '\0';
}

static void
check_missing(const struct check *k, const struct place *p)
{
	char above[PATH_MAX];
	int error;

	parent_of(p->path, above);
	error = asuser_access(&p->user, above, W_OK | X_OK);
	if (p->made && error == 0)
		finding(k->f, FINDING_NOTE, p->at, "%s: %s is not there yet; "
		    "it will be made", p->what, p->path);
	else
		finding(k->f, FINDING_ERROR, p->at, "%s: %s is not there%s; "
		    "try: install -d -o %u -m %s %s", p->what, p->path,
		    p->made ? ", and cannot be made there" : "",
		    (unsigned)p->user.uid, p->advice, p->path);
}

static void
check_rights(const struct check *k, const struct place *p,
    const struct stat *st)
{
	int error;

	if (!S_ISDIR(st->st_mode)) {
		finding(k->f, FINDING_ERROR, p->at,
		    "%s: %s is no directory", p->what, p->path);
		return;
	}
	if (p->owner.uid != (uid_t)-1 && st->st_uid != p->owner.uid) {
		finding(k->f, FINDING_ERROR, p->at, "%s: %s belongs to user "
		    "%u, not %u; try: chown %u %s", p->what, p->path,
		    (unsigned)st->st_uid, (unsigned)p->owner.uid,
		    (unsigned)p->owner.uid, p->path);
		return;
	}
	if ((st->st_mode & (S_IWGRP | S_IWOTH)) != 0) {
		finding(k->f, FINDING_ERROR, p->at, "%s: others may write to "
		    "%s; try: chmod go-w %s", p->what, p->path, p->path);
		return;
	}
	error = asuser_access(&p->user, p->path, p->mode);
	if (error != 0)
		finding(k->f, FINDING_ERROR, p->at, "%s: user %u cannot use "
		    "%s: %s", p->what, (unsigned)p->user.uid, p->path,
		    strerror(error));
	else
		finding(k->f, FINDING_OK, p->at, "%s: %s", p->what, p->path);
}

/* Gives true if it is there. */
static bool
check_place(const struct check *k, const struct place *p)
{
	struct stat st;

	/* Not stat: our own start refuses a link, which others could turn. */
	if (lstat(p->path, &st) == 0) {
		check_rights(k, p, &st);
		return true;
	}
	if (errno == ENOENT)
		check_missing(k, p);
	else
		finding(k->f, FINDING_ERROR, p->at, "%s: %s: %s", p->what,
		    p->path, strerror(errno));
	return false;
}

static void
check_file_system(const struct check *k, const char *path, bool there,
    struct origin at)
{
	char above[PATH_MAX];
	struct statfs fs;

	parent_of(path, above);
	if (statfs(there ? path : above, &fs) != 0)
		return;
	for (size_t i = 0; i < ARRAY_LEN(file_systems); i++)
		if ((unsigned long)fs.f_type ==
		    (unsigned long)file_systems[i].type) {
			finding(k->f, file_systems[i].kind, at,
			    "spool-directory: %s %s", path,
			    file_systems[i].text);
			return;
		}
	finding(k->f, FINDING_OK, at,
	    "spool-directory: on a local file system");
}

static void
check_spool(const struct check *k)
{
	static const char *const folders[] = { "tmp", "queue", "marks",
		"bad" };
	const struct section *s = &k->conf->server;
	struct proc_user submit = k->plan->users[PLAN_SUBMIT];
	char path[PATH_MAX];
	struct place p = { "spool-directory", s->v.spool_directory,
	    s->from[SETTING_spool_directory], submit, submit,
	    R_OK | W_OK | X_OK, "700", true };
	bool there = check_place(k, &p);

	check_file_system(k, p.path, there, p.at);
	for (size_t i = 0; i < ARRAY_LEN(folders) && there; i++) {
		struct place inner = p;

		snprintf(path, sizeof(path), "%s/%s", s->v.spool_directory,
		    folders[i]);
		inner.path = path;
		if (access(path, F_OK) == 0)
			(void)check_place(k, &inner);
	}
}

static void
check_greylist(const struct check *k)
{
	const struct section *s = &k->conf->server;
	struct proc_user lookup = k->plan->users[PLAN_LOOKUP];
	struct place p = { "greylist-directory", s->v.greylist_directory,
	    s->from[SETTING_greylist_directory], lookup, lookup,
	    R_OK | W_OK | X_OK, "700", true };

	bool rows;

	if (conf_greylists(k->conf, &rows))
		(void)check_place(k, &p);
}

/* smtpd, as us, makes it and wants it to be its own; sessions live in jail. */
static void
check_run(const struct check *k)
{
	const struct section *s = &k->conf->server;
	struct proc_user us = { geteuid(), getegid() };
	char jail[PATH_MAX];
	struct place p = { "run-directory", s->v.run_directory,
	    s->from[SETTING_run_directory], us, us, W_OK | X_OK, "755",
	    true };

	if (!check_place(k, &p))
		return;
	snprintf(jail, sizeof(jail), "%s/jail", p.path);
	if (access(jail, F_OK) != 0)
		return;
	p.path = jail;
	p.user = k->plan->users[PLAN_SESSION];
	p.mode = X_OK;
	(void)check_place(k, &p);
}

/* Where ch_local of that channel delivers; each directory once. */
static void
check_mail(const struct check *k, int channel)
{
	const struct conf *c = k->conf;
	struct settings v, before;
	const struct section *s = &c->channels[channel];
	struct place p = { "mail-directory", NULL,
	    c->server.from[SETTING_mail_directory], { (uid_t)-1, (gid_t)-1 },
	    k->plan->users[PLAN_SUBMIT], W_OK | X_OK, "700", false };

	if (strcmp(s->v.program, "local") != 0)
		return;
	conf_effective(c, -1, channel, &v);
	for (int i = 0; i < channel; i++) {
		conf_effective(c, -1, i, &before);
		if (strcmp(before.program, "local") == 0 &&
		    strcmp(before.mail_directory, v.mail_directory) == 0)
			return;
	}
	if (s->from[SETTING_mail_directory].file != NULL)
		p.at = s->from[SETTING_mail_directory];
	p.path = v.mail_directory;
	(void)check_place(k, &p);
}

static void
check_log(const struct check *k)
{
	const struct section *s = &k->conf->server;
	const struct proc_user *u = &k->plan->users[PLAN_LOGGER];
	struct origin at = s->from[SETTING_log];
	char above[PATH_MAX];
	const char *log = s->v.log;
	int error;

	if (log[0] != '/')
		return;
	error = asuser_access(u, log, W_OK);
	if (error == ENOENT) {
		parent_of(log, above);
		error = asuser_access(u, above, W_OK | X_OK);
	}
	if (error != 0)
		finding(k->f, FINDING_ERROR, at, "log: user %u cannot write "
		    "to %s: %s", (unsigned)u->uid, log, strerror(error));
	else
		finding(k->f, FINDING_OK, at, "log: %s", log);
}

void
check_places(const struct check *k)
{
	check_spool(k);
	check_run(k);
	for (int i = 0; i < k->conf->nchannels; i++)
		check_mail(k, i);
	check_greylist(k);
	check_log(k);
}

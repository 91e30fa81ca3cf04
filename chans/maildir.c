/*
 * maildir - walks to the mailbox, writes tmp/NAME, syncs it, moves it to
 * new/NAME, syncs new/.
 *
 * Does not trust the mailbox's path though submit made it: every part is
 * opened below the last one and never through a symbolic link.  A message is
 * never answered for as delivered before both syncs are done.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "chans/maildir.h"
#include "lib/clock.h"
#include "lib/durable.h"
#include "lib/fdio.h"
#include "lib/text.h"

#define MAILDIR_PART 255

enum { TMP, NEW, CUR, FOLDERS };
static const char *const folder_names[FOLDERS] = { "tmp", "new", "cur" };

void
maildir_name(char dst[MAILDIR_NAME], int64_t time_us, const char *id,
    size_t recipient, const char *host)
{
	int n;

	n = snprintf(dst, MAILDIR_NAME, "%lld.%sr%zu.",
	    (long long)(time_us / 1000000), id, recipient);
	for (; *host != '\0' && n < MAILDIR_NAME - 1; host++)
		dst[n++] = strchr("abcdefghijklmnopqrstuvwxyz"
		    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-", *host) != NULL ?
		    *host : '_';
	dst[n] = '\0';
}

/* Relative, no empty part, no "." or "..", printable, not too long. */
static bool
path_good(const char *mailbox)
{
	const char *p = mailbox;
	size_t n;

	if (!text_printable(mailbox, strlen(mailbox)))
		return false;
	for (;;) {
		n = strcspn(p, "/");
		if (n == 0 || n > MAILDIR_PART || (p[0] == '.' &&
		    (n == 1 || (n == 2 && p[1] == '.'))))
			return false;
		if (p[n] == '\0')
			return true;
		p += n + 1;
	}
}

/* What an error of the file system means to the sender. */
static void
refuse(struct chan_answer *a, const char *what)
{
	int e = errno;

	switch (e) {
	case EDQUOT:
		chanproto_fill(a, CHAN_LATER, "4.2.2", "mailbox full");
		break;
	case ENOSPC:
	case EIO:
	case EROFS:
		chanproto_fill(a, CHAN_LATER, "4.3.1", "%s: %s", what,
		    strerror(e));
		break;
	case ELOOP:
	case ENOTDIR:
		chanproto_fill(a, CHAN_LATER, "4.3.5",
		    "%s: a part of the path is no directory", what);
		break;
	default:
		chanproto_fill(a, CHAN_LATER, "4.3.0", "%s: %s", what,
		    strerror(e));
		break;
	}
}

/*
 * Opens name below dir, made if it is missing.  On a repeat its name is
 * synced though it is there: who made it may have died before that.
 */
static int
descend(int dir, const char *name, bool repeat)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int fd;

	fd = repeat ? -1 : openat(dir, name, flags);
	if (fd != -1 || (!repeat && errno != ENOENT))
		return fd;
	if (durable_mkdir(dir, name) == -1)
		return -1;
	return openat(dir, name, flags);
}

/* The mailbox's own directory, or -1. */
static int
open_mailbox(const struct maildir_mail *m)
{
	char part[MAILDIR_PART + 1];
	const char *p = m->mailbox;
	int dir = m->root, next, saved;
	size_t n;

	do {
		n = strcspn(p, "/");
		memcpy(part, p, n);
		part[n] = '\0';
		next = descend(dir, part, m->repeat);
		saved = errno;
		if (dir != m->root)
			close(dir);
		errno = saved;
		if (next == -1)
			return -1;
		dir = next;
		p += n;
	} while (*p++ == '/');
	return dir;
}

static int
open_folders(const struct maildir_mail *m, int folder_r[FOLDERS])
{
	int i, saved, box = open_mailbox(m);

	for (i = 0; i < FOLDERS; i++)
		folder_r[i] = -1;
	if (box == -1)
		return -1;
	for (i = 0; i < FOLDERS; i++) {
		folder_r[i] = descend(box, folder_names[i], m->repeat);
		if (folder_r[i] == -1)
			break;
	}
	saved = errno;
	close(box);
	errno = saved;
	return i == FOLDERS ? 0 : -1;
}

/* NAME or NAME:flags in the folder?  -1 with errno. */
static int
listed(int folder, const char *name)
{
	size_t len = strlen(name);
	struct dirent *d;
	DIR *list;
	int fd, found = 0, saved;

	fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		return -1;
	list = fdopendir(fd);
	if (list == NULL) {
		close(fd);
		return -1;
	}
	while (!found && (errno = 0, d = readdir(list)) != NULL) {
		found = strncmp(d->d_name, name, len) == 0 &&
		    (d->d_name[len] == '\0' || d->d_name[len] == ':');
	}
	saved = found ? 0 : errno;
	closedir(list);
	errno = saved;
	return saved != 0 ? -1 : found;
}

/*
 * Whether it is there already.  On a first try nothing can be, and the large
 * folders are not read.  What is found is synced: who put it there may have
 * died before that.
 */
static int
delivered_before(const struct maildir_mail *m, const int folder[FOLDERS])
{
	int found;

	if (!m->repeat)
		return 0;
	found = listed(folder[NEW], m->name);
	if (found == 0)
		found = listed(folder[CUR], m->name);
	if (found <= 0)
		return found;
	return durable_sync_dir(folder[NEW]) == -1 ? -1 : 1;
}

static int
write_tmp(const struct maildir_mail *m, int tmp)
{
	int fd, saved;

	fd = durable_create(tmp, m->name);
	if (fd == -1 && errno == EEXIST) {
		/* The entry is locked: whoever wrote this is dead. */
		if (durable_remove(tmp, m->name) == -1)
			return -1;
		fd = durable_create(tmp, m->name);
	}
	if (fd == -1)
		return -1;
	if (fd_writev(fd, m->parts, m->nparts, CLOCK_NEVER) == -1 ||
	    durable_sync(fd) == -1) {
		saved = errno;
		close(fd);
		(void)!durable_remove(tmp, m->name);
		errno = saved;
		return -1;
	}
	return close(fd);
}

/* After the move, a failed sync leaves it in new/: the repeat finds it. */
static int
put(const struct maildir_mail *m, const int folder[FOLDERS])
{
	int saved;

	if (write_tmp(m, folder[TMP]) == -1)
		return -1;
	if (durable_rename(folder[TMP], m->name, folder[NEW], m->name) == -1) {
		saved = errno;
		(void)!durable_remove(folder[TMP], m->name);
		errno = saved;
		return saved == EEXIST ? 0 : -1;
	}
	return durable_sync_dir(folder[NEW]);
}

void
maildir_deliver(const struct maildir_mail *m, struct chan_answer *a)
{
	int folder[FOLDERS], i, found;

	if (!path_good(m->mailbox)) {
		chanproto_fill(a, CHAN_NEVER, "5.3.5",
		    "the mailbox has an impossible path");
		return;
	}
	if (open_folders(m, folder) == -1)
		refuse(a, "mailbox");
	else if ((found = delivered_before(m, folder)) == -1)
		refuse(a, "mailbox");
	else if (found == 1)
		chanproto_fill(a, CHAN_DELIVERED, "2.0.0",
		    "it was delivered before");
	else if (put(m, folder) == -1)
		refuse(a, "mailbox");
	else
		chanproto_fill(a, CHAN_DELIVERED, "2.0.0", "delivered");
	for (i = 0; i < FOLDERS; i++) {
		if (folder[i] != -1)
			close(folder[i]);
	}
}

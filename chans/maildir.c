/*
 * maildir - walks to the mailbox, writes tmp/NAME, syncs it, moves it to
 * new/NAME, syncs new/.
 *
 * The two syncs are made for many messages at once: files in several threads,
 * so that they share flushes of the disk, and each folder once.  The name
 * comes after the first of them, unlike in the queue: a repeat believes that
 * what it finds in new/ is whole.
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
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "chans/maildir.h"
#include "lib/clock.h"
#include "lib/durable.h"
#include "lib/fdio.h"
#include "lib/syncers.h"
#include "lib/text.h"
#include "lib/xalloc.h"

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

/* -1 with errno and no file. */
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
	if (fd_writev(fd, m->parts, m->nparts, CLOCK_NEVER) == -1) {
		saved = errno;
		close(fd);
		(void)!durable_remove(tmp, m->name);
		errno = saved;
		return -1;
	}
	return fd;
}

/* A message that is in tmp/ and not yet answered for. */
struct put {
	char name[MAILDIR_NAME];
	int fd, tmp, new;
	struct stat at;		/* new/ */
	int error;		/* errno of what failed first, or 0 */
	int folder_error;	/* of the sync that was made for all */
	struct chan_answer *a;
};

struct maildir_batch {
	struct syncers *syncers;
	size_t n;
	struct put put[MAILDIR_BATCH];
};

struct maildir_batch *
maildir_open(int threads)
{
	struct maildir_batch *b = xcalloc(1, sizeof *b);

	b->syncers = syncers_start(threads);
	return b;
}

void
maildir_close(struct maildir_batch *b)
{
	maildir_settle(b);
	syncers_stop(b->syncers);
	free(b);
}

/* In any thread. */
static void
sync_file(void *arg, size_t i)
{
	struct put *p = (struct put *)arg + i;

	if (durable_sync(p->fd) == -1)
		p->error = errno;
}

static void
move(struct put *p)
{
	if (close(p->fd) == -1 && p->error == 0)
		p->error = errno;
	if (p->error == 0 && durable_rename(p->tmp, p->name, p->new,
	    p->name) == -1)
		p->error = errno;
	if (p->error != 0)
		(void)!durable_remove(p->tmp, p->name);
	if (p->error == EEXIST)
		p->error = 0;
}

static bool
same_folder(const struct put *p, const struct put *q)
{
	return p->at.st_ino == q->at.st_ino && p->at.st_dev == q->at.st_dev;
}

/*
 * In any thread.  The first message of a folder syncs it for all.  If that
 * fails, they stay in new/: the repeat finds them.
 */
static void
sync_folder(void *arg, size_t i)
{
	struct put *all = arg, *p = &all[i];

	for (size_t k = 0; k < i; k++)
		if (same_folder(&all[k], p))
			return;
	if (durable_sync_dir(p->new) == -1)
		p->folder_error = errno;
}

static void
put_answer(struct put *all, size_t i)
{
	struct put *p = &all[i], *first = all;

	while (!same_folder(first, p))
		first++;
	errno = p->error != 0 ? p->error : first->folder_error;
	if (errno != 0)
		refuse(p->a, "mailbox");
	else
		chanproto_fill(p->a, CHAN_DELIVERED, "2.0.0", "delivered");
}

void
maildir_settle(struct maildir_batch *b)
{
	size_t i;

	syncers_run(b->syncers, b->n, sync_file, b->put);
	for (i = 0; i < b->n; i++)
		move(&b->put[i]);
	syncers_run(b->syncers, b->n, sync_folder, b->put);
	for (i = 0; i < b->n; i++)
		put_answer(b->put, i);
	for (i = 0; i < b->n; i++) {
		close(b->put[i].tmp);
		close(b->put[i].new);
	}
	b->n = 0;
}

/* Keeps the message, and the folders, until the batch is settled. */
static void
keep(struct maildir_batch *b, const struct maildir_mail *m, int fd,
    int folder[FOLDERS], struct chan_answer *a)
{
	struct put *p = &b->put[b->n];

	*p = (struct put){ .fd = fd, .tmp = folder[TMP], .new = folder[NEW],
	    .a = a };
	snprintf(p->name, sizeof p->name, "%s", m->name);
	if (fstat(p->new, &p->at) == -1)
		p->error = errno;
	durable_start(fd);
	folder[TMP] = folder[NEW] = -1;
	b->n++;
}

static void
write_message(struct maildir_batch *b, const struct maildir_mail *m,
    int folder[FOLDERS], struct chan_answer *a)
{
	int fd, found = delivered_before(m, folder);

	if (found == 1) {
		chanproto_fill(a, CHAN_DELIVERED, "2.0.0",
		    "it was delivered before");
		return;
	}
	fd = found == 0 ? write_tmp(m, folder[TMP]) : -1;
	if (fd == -1)
		refuse(a, "mailbox");
	else
		keep(b, m, fd, folder, a);
}

void
maildir_deliver(struct maildir_batch *b, const struct maildir_mail *m,
    struct chan_answer *a)
{
	int folder[FOLDERS], i;

	if (!path_good(m->mailbox)) {
		chanproto_fill(a, CHAN_NEVER, "5.3.5",
		    "the mailbox has an impossible path");
		return;
	}
	if (b->n == MAILDIR_BATCH)
		maildir_settle(b);
	if (open_folders(m, folder) == -1)
		refuse(a, "mailbox");
	else
		write_message(b, m, folder, a);
	for (i = 0; i < FOLDERS; i++) {
		if (folder[i] != -1)
			close(folder[i]);
	}
}

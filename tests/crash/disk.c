/*
 * disk - a file that is as slow as a disk, and forgets what was not synced:
 * for slow disks, and for power cuts.
 *
 *	disk [-d MICROSECONDS] [-r] [-w LOG] IMAGE PLACE
 *
 * Mounts itself over PLACE, a file, as a file system that is this one file
 * (so it needs root, and no library: linux/fuse.h is all there is to it).  A
 * loop device over PLACE asks it for a sync wherever the device is flushed;
 * it takes MICROSECONDS for one.  IMAGE is never synced: the page cache is
 * the disk here.  With -r it remembers what each write since the last sync
 * has replaced; with -w it records in LOG, in their order, each write with its
 * bytes, each sync and each mark: a letter, an offset, a length, what was
 * written (states.py).  It says "ready", and then does what it reads, a line
 * each:
 *
 *	cut SEED WRITES	the power fails, after so many more writes.  Of those
 *			since the last sync (of any of them, torn between
 *			sectors) remains what SEED chooses; from then on each
 *			write and sync fails.  "cut 3 of 7", when it is done.
 *	syncs		"syncs 12": how many there were.
 *	mark TEXT	into the log; "marked".
 *
 * At end of file it unmounts itself and ends.
 */
#include "config.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fuse.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "lib/text.h"
#include "lib/xalloc.h"

#define MOST (1024 * 1024)	/* of one read or write */
#define PAGES (MOST / 4096)
#define SECTOR 512

/* A write that no sync has followed. */
struct unsynced {
	off_t at;
	size_t len;
	char *old;		/* what it replaced */
};

struct disk {
	int fuse, image, log;
	off_t size;
	int64_t delay;		/* microseconds */
	bool remembers, dead;
	long syncs;
	struct unsynced *unsynced;
	size_t n, room;
	uint64_t random;
	int64_t left;		/* writes until the power fails; -1: never */
};

static _Alignas(struct fuse_in_header) char request[MOST + 65536];
static char answer[MOST];

static void
reply(struct disk *d, uint64_t unique, int error, const void *p, size_t len)
{
	struct fuse_out_header h = { .len = (uint32_t)(sizeof h + len),
	    .error = -error, .unique = unique };
	struct iovec iov[2] = { { &h, sizeof h },
	    { (void *)(uintptr_t)p, len } };

	/* ENOENT: whoever asked does not wait any more. */
	if (writev(d->fuse, iov, len > 0 ? 2 : 1) < 0 && errno != ENOENT)
		err(EX_OSERR, "fuse");
}

static void
attributes(const struct disk *d, struct fuse_attr *a_r)
{
	*a_r = (struct fuse_attr){ .ino = FUSE_ROOT_ID,
	    .size = (uint64_t)d->size, .blocks = (uint64_t)d->size / SECTOR,
	    .mode = S_IFREG | 0600, .nlink = 1, .blksize = 4096 };
}

static void
do_init(struct disk *d, uint64_t unique, const struct fuse_init_in *in)
{
	struct fuse_init_out out = { .major = FUSE_KERNEL_VERSION,
	    .minor = FUSE_KERNEL_MINOR_VERSION, .max_readahead = MOST,
	    .max_background = 64, .congestion_threshold = 48,
	    .max_write = MOST, .max_pages = PAGES, .time_gran = 1,
	    .flags = in->flags & (FUSE_ASYNC_READ | FUSE_BIG_WRITES |
	    FUSE_MAX_PAGES) };

	reply(d, unique, 0, &out, sizeof out);
}

/* Between two syncs a few thousand writes at most. */
static int
remember(struct disk *d, off_t at, size_t len)
{
	struct unsynced *u;

	if (d->n == d->room) {
		d->room = d->room == 0 ? 64 : 2 * d->room;
		d->unsynced = xresize(d->unsynced, d->room,
		    sizeof *d->unsynced);
	}
	u = &d->unsynced[d->n];
	*u = (struct unsynced){ at, len, xmalloc(len) };
	if (pread(d->image, u->old, len, at) != (ssize_t)len) {
		free(u->old);
		return EIO;
	}
	d->n++;
	return 0;
}

/* What letter stands for, behind all that came before. */
static void
record(const struct disk *d, char letter, off_t at, const void *p, size_t len)
{
	const uint64_t head[3] = { (unsigned char)letter, (uint64_t)at, len };
	struct iovec iov[2] = { { (void *)(uintptr_t)head, sizeof head },
	    { (void *)(uintptr_t)p, len } };

	if (d->log != -1 &&
	    writev(d->log, iov, 2) != (ssize_t)(sizeof head + len))
		err(EX_IOERR, "the log");
}

static void cut(struct disk *d);

static void
do_write(struct disk *d, uint64_t unique, const struct fuse_write_in *in,
    size_t room)
{
	struct fuse_write_out out = { .size = in->size };
	off_t at = (off_t)in->offset;
	int error = 0;

	if (d->dead || in->size > room || at < 0 ||
	    at > d->size - (off_t)in->size)
		error = EIO;
	else if (d->remembers)
		error = remember(d, at, in->size);
	if (error == 0 &&
	    pwrite(d->image, in + 1, in->size, at) != (ssize_t)in->size)
		error = EIO;
	if (error == 0)
		record(d, 'W', at, in + 1, in->size);
	reply(d, unique, error, &out, error == 0 ? sizeof out : 0);
	if (d->left > 0 && --d->left == 0)
		cut(d);
}

static void
do_read(struct disk *d, uint64_t unique, const struct fuse_read_in *in)
{
	ssize_t n = in->size > MOST ? -1 :
	    pread(d->image, answer, in->size, (off_t)in->offset);

	reply(d, unique, n < 0 ? EIO : 0, answer, n < 0 ? 0 : (size_t)n);
}

static void
forget(struct disk *d)
{
	while (d->n > 0)
		free(d->unsynced[--d->n].old);
}

static void
do_sync(struct disk *d, uint64_t unique)
{
	struct timespec t = { d->delay / 1000000, d->delay % 1000000 * 1000 };

	if (!d->dead) {
		if (d->delay > 0)
			(void)nanosleep(&t, NULL);
		forget(d);
		d->syncs++;
		record(d, 'S', 0, NULL, 0);
	}
	reply(d, unique, d->dead ? EIO : 0, NULL, 0);
}

static void
serve(struct disk *d, const struct fuse_in_header *h, const void *in,
    size_t len)
{
	union {
		struct fuse_attr_out attr;
		struct fuse_open_out open;
		struct fuse_statfs_out fs;
	} out;

	memset(&out, 0, sizeof out);
	switch (h->opcode) {
	case FUSE_INIT:
		do_init(d, h->unique, in);
		return;
	case FUSE_GETATTR:
	case FUSE_SETATTR:
		attributes(d, &out.attr.attr);
		reply(d, h->unique, 0, &out.attr, sizeof out.attr);
		return;
	case FUSE_OPEN:
		reply(d, h->unique, 0, &out.open, sizeof out.open);
		return;
	case FUSE_READ:
		do_read(d, h->unique, in);
		return;
	case FUSE_WRITE:
		do_write(d, h->unique, in, len - sizeof(struct fuse_write_in));
		return;
	case FUSE_FSYNC:
		do_sync(d, h->unique);
		return;
	case FUSE_STATFS:
		out.fs.st.bsize = 4096;
		reply(d, h->unique, 0, &out.fs, sizeof out.fs);
		return;
	case FUSE_FLUSH:
	case FUSE_RELEASE:
		reply(d, h->unique, 0, NULL, 0);
		return;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		return;		/* no answer is expected */
	default:
		reply(d, h->unique, ENOSYS, NULL, 0);
		return;
	}
}

/* False: we are unmounted. */
static bool
hear_kernel(struct disk *d)
{
	ssize_t n = read(d->fuse, request, sizeof request);

	if (n < 0 && (errno == EINTR || errno == EAGAIN || errno == ENOENT))
		return true;
	if (n < (ssize_t)sizeof(struct fuse_in_header))
		return false;
	serve(d, (const void *)request, request +
	    sizeof(struct fuse_in_header),
	    (size_t)n - sizeof(struct fuse_in_header));
	return true;
}

/* 0 to n - 1; the same for the same seed (xorshift). */
static uint64_t
choose(struct disk *d, uint64_t n)
{
	d->random ^= d->random << 13;
	d->random ^= d->random >> 7;
	d->random ^= d->random << 17;
	return d->random % n;
}

static void
put(const struct disk *d, const char *p, size_t len, off_t at)
{
	if (pwrite(d->image, p, len, at) != (ssize_t)len)
		err(EX_IOERR, "the image");
}

/*
 * All are undone, from the last to the first; then some done again, in their
 * order: none, all but the last few, or any; and of those some to a sector
 * in their midst.
 */
static void
cut(struct disk *d)
{
	uint64_t way;
	size_t kept = 0, first;

	d->dead = true;
	way = choose(d, 4);
	for (size_t i = d->n; i-- > 0;) {
		struct unsynced *u = &d->unsynced[i];
		char *now = xmalloc(u->len);

		if (pread(d->image, now, u->len, u->at) != (ssize_t)u->len)
			err(EX_IOERR, "the image");
		put(d, u->old, u->len, u->at);
		free(u->old);
		u->old = now;
	}
	first = d->n > 0 ? choose(d, d->n) : 0;
	for (size_t i = 0; i < d->n; i++) {
		const struct unsynced *u = &d->unsynced[i];
		size_t len = u->len;

		if (way == 0 || (way == 1 && i > first) ||
		    (way > 1 && choose(d, 2) == 0))
			continue;
		if (way == 3 && choose(d, 4) == 0)
			len = choose(d, len / SECTOR + 1) * SECTOR;
		put(d, u->old, len, u->at);
		kept++;
	}
	printf("cut %zu of %zu\n", kept, d->n);
	fflush(stdout);
	forget(d);
}

static void
set_cut(struct disk *d, const char *seed, const char *writes)
{
	int64_t n;

	if (seed == NULL || writes == NULL ||
	    text_number(seed, 0, INT32_MAX, &n) != 0 ||
	    text_number(writes, 0, INT32_MAX, &d->left) != 0)
		errx(EX_USAGE, "cut seed writes");
	d->random = ((uint64_t)n + 1) * 0x9e3779b97f4a7c15;
	if (d->left == 0)
		cut(d);
}

/* False at the end of what there is to do; a line comes whole. */
static bool
hear_commands(struct disk *d)
{
	char line[100], *p = line, *verb, *seed;
	ssize_t n = read(STDIN_FILENO, line, sizeof line - 1);

	if (n <= 0)
		return false;
	line[n] = '\0';
	line[strcspn(line, "\n")] = '\0';
	verb = strsep(&p, " ");
	if (strcmp(verb, "cut") == 0) {
		seed = strsep(&p, " ");
		set_cut(d, seed, p);
	} else if (strcmp(verb, "syncs") == 0) {
		printf("syncs %ld\n", d->syncs);
		fflush(stdout);
	} else if (strcmp(verb, "mark") == 0 && p != NULL) {
		record(d, 'M', 0, p, strlen(p));
		puts("marked");
		fflush(stdout);
	} else {
		errx(EX_USAGE, "no such command: %s", line);
	}
	return true;
}

static void
mount_at(struct disk *d, const char *place)
{
	char options[100];

	d->fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (d->fuse == -1)
		err(EX_UNAVAILABLE, "/dev/fuse");
	snprintf(options, sizeof options,
	    "fd=%d,rootmode=100600,user_id=0,group_id=0", d->fuse);
	if (mount("disk", place, "fuse", MS_NOSUID | MS_NODEV, options) != 0)
		err(EX_UNAVAILABLE, "mount");
}

static int
open_log(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND |
	    O_CLOEXEC, 0600);

	if (fd == -1)
		err(EX_CANTCREAT, "%s", path);
	return fd;
}

int
main(int argc, char **argv)
{
	struct disk d = { .fuse = -1, .log = -1, .left = -1 };
	struct pollfd p[2];
	struct stat st;
	int c;

	while ((c = getopt(argc, argv, "d:rw:")) != -1)
		if (c == 'r')
			d.remembers = true;
		else if (c == 'w')
			d.log = open_log(optarg);
		else if (c != 'd' ||
		    text_number(optarg, 0, 1000000, &d.delay) != 0)
			goto usage;
	if (argc - optind != 2)
		goto usage;
	d.image = open(argv[optind], O_RDWR | O_CLOEXEC);
	if (d.image == -1 || fstat(d.image, &st) != 0)
		err(EX_NOINPUT, "%s", argv[optind]);
	d.size = st.st_size;
	mount_at(&d, argv[optind + 1]);
	puts("ready");
	fflush(stdout);
	p[0] = (struct pollfd){ .fd = d.fuse, .events = POLLIN };
	p[1] = (struct pollfd){ .fd = STDIN_FILENO, .events = POLLIN };
	for (;;) {
		if (poll(p, 2, -1) < 0 && errno != EINTR)
			err(EX_OSERR, "poll");
		if (p[0].revents != 0 && !hear_kernel(&d))
			break;
		if (p[1].revents != 0 && !hear_commands(&d))
			break;
	}
	(void)umount2(argv[optind + 1], MNT_DETACH);
	forget(&d);
	free(d.unsynced);
	return 0;
usage:
	fprintf(stderr, "usage: disk [-d microseconds] [-r] [-w log] image "
	    "place\n");
	return EX_USAGE;
}

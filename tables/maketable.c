/*
 * maketable - a GDBM table made from text, and put where the old one was.
 *
 * Runs in dbmbuild, as who may write the table's directory.  Readers hold
 * the old file open and must never see it change, and whatever breaks, when
 * it breaks, must leave a table that opens.  Hence, in this order:
 *
 *	NAME.new	the new table, written and synced
 *	NAME.sum	digests of the new and of the old table, synced
 *	NAME		the new one renamed over the old one
 *
 * with the directory synced behind each name.  Before the last step the
 * sidecar knows the table that is there as the old one, behind it as the new.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <gdbm.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "lib/durable.h"
#include "lib/fdio.h"
#include "lib/text.h"
#include "lib/xalloc.h"
#include "tables/maketable.h"
#include "tables/sidecar.h"
#include "tables/snap.h"

#define NEW_END ".new"
#define SIDECAR_TEXT 16384

struct make {
	const char *input, *output;
	struct buf *why;
	struct stat from;		/* of the input */
	struct snap *rows;
	struct sidecar_table about;	/* the new table */
	int dir;
	char name[NAME_MAX + 1];	/* of the table, in dir */
	char fresh[NAME_MAX + 1];	/* name NEW_END */
	char sum[NAME_MAX + 1];		/* name SIDECAR_END */
	char fresh_sum[NAME_MAX + 1];	/* name SIDECAR_END NEW_END */
};

static int
failed(struct make *m, int code, const char *name, const char *reason)
{
	tb_why(m->why, "%s: %s\n", name, reason);
	return code;
}

/* Adds what snap_finish will need to know, or says what is wrong. */
static int
take_row(struct make *m, struct snap_maker *maker, const struct tbrow *r,
    int line, bool join)
{
	int first = join ? 0 : snap_line(maker, r->key, r->klen);
	struct buf why;
	int rc;

	if (first != 0) {
		tb_why(m->why, "%s:%d: \"%s\" is there already, at line %d\n",
		    m->input, line, r->key, first);
		return EX_DATAERR;
	}
	prefix_note(&m->about.prefixes, &m->about.holds, r);
	buf_init(&why, 256);
	rc = snap_add(maker, r, line, &why);
	if (rc == -1)
		tb_why(m->why, "%s:%d: %s\n", m->input, line, buf_str(&why));
	buf_free(&why);
	return rc == 0 ? 0 : EX_DATAERR;
}

/* All of the input, so that all that is wrong with it is said at once. */
static int
read_rows(struct make *m, bool join)
{
	struct snap_maker *maker;
	struct tbfile f;
	struct tbrow r;
	int rc, code = 0;

	if (stat(m->input, &m->from) == -1)
		return failed(m, EX_NOINPUT, m->input, strerror(errno));
	if (tbfile_open(&f, m->input, m->why) == -1) {
		tb_why(m->why, "\n");
		return EX_NOINPUT;
	}
	maker = snap_new();
	tbrow_init(&r);
	while ((rc = tbfile_next(&f, &r, m->why)) != 0) {
		if (rc == -1)
			tb_why(m->why, "\n");
		if (rc == -1 || take_row(m, maker, &r, f.line, join) != 0)
			code = EX_DATAERR;
	}
	tbrow_free(&r);
	tbfile_close(&f);
	if (code != 0) {
		snap_drop(maker);
		return code;
	}
	m->rows = snap_finish(maker, m->why);
	return m->rows == NULL ? EX_OSERR : 0;
}

static int
append(char dst[NAME_MAX + 1], const char *name, const char *end)
{
	int n = snprintf(dst, NAME_MAX + 1, "%s%s", name, end);

	return n > 0 && n <= NAME_MAX ? 0 : -1;
}

/* The directory, locked against another dbmbuild, and the names in it. */
static int
open_directory(struct make *m)
{
	const char *slash = strrchr(m->output, '/');
	const char *name = slash != NULL ? slash + 1 : m->output;
	char *path;

	if (name[0] == '\0' || text_copy(m->name, sizeof(m->name), name) == -1
	    || append(m->fresh, name, NEW_END) == -1 ||
	    append(m->sum, name, SIDECAR_END) == -1 ||
	    append(m->fresh_sum, m->sum, NEW_END) == -1)
		return failed(m, EX_CANTCREAT, m->output, "not a file's name");
	path = slash == NULL ? xstrdup(".") :
	    xmemdup0(m->output, (size_t)(slash - m->output) + 1);
	m->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(path);
	if (m->dir == -1 || flock(m->dir, LOCK_EX) == -1)
		return failed(m, EX_CANTCREAT, m->output, strerror(errno));
	return 0;
}

/* Would the rename destroy anything but a table? */
static int
check_output(struct make *m)
{
	struct stat st;

	if (fstatat(m->dir, m->name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return errno == ENOENT ? 0 :
		    failed(m, EX_CANTCREAT, m->output, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return failed(m, EX_CANTCREAT, m->output,
		    "there is something else than a regular file");
	if (st.st_dev == m->from.st_dev && st.st_ino == m->from.st_ino)
		return failed(m, EX_USAGE, m->output,
		    "it is the input as well");
	return 0;
}

/* A new file, which those may read who may read the text. */
static int
create(struct make *m, const char *name)
{
	int fd;

	if (durable_remove(m->dir, name) == -1)	/* left by one interrupted */
		return -1;
	fd = durable_create(m->dir, name);
	if (fd != -1 && fchmod(fd, m->from.st_mode & 0644) == -1) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static int
store(void *arg, const char *key, size_t klen, const char *value, size_t vlen,
    int line)
{
	GDBM_FILE db = arg;
	struct tbrow *room = xmalloc(sizeof(*room));
	datum k, v;
	int rc;

	(void)line;
	/* libgdbm wants writable memory, though it does not write. */
	memcpy(room->key, key, klen);
	k.dptr = room->key;
	k.dsize = (int)klen;
	v.dptr = xmemdup0(value, vlen);
	v.dsize = (int)vlen;
	rc = gdbm_store(db, k, v, GDBM_INSERT);
	free(v.dptr);
	free(room);
	return rc;
}

/* Takes fd.  Whether all rows are in the file, for all that libgdbm says. */
static int
write_rows(struct make *m, int fd)
{
	GDBM_FILE db = gdbm_fd_open(fd, m->fresh, 0, GDBM_NEWDB | GDBM_NOLOCK |
	    GDBM_CLOEXEC | GDBM_CLOERROR, NULL);
	gdbm_count_t n = 0;
	int rc;

	if (db == NULL)
		return -1;
	rc = snap_walk(m->rows, store, db);
	if (rc == 0)
		rc = gdbm_count(db, &n);
	m->about.rows = (int64_t)n;
	return gdbm_close(db) == 0 && rc == 0 ? 0 : -1;
}

static int
make_table(struct make *m)
{
	int fd = create(m, m->fresh), copy, code = 0;

	if (fd == -1)
		return failed(m, EX_CANTCREAT, m->fresh, strerror(errno));
	copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);	/* libgdbm closes its own */
	if (copy == -1) {
		close(fd);
		return failed(m, EX_OSERR, m->fresh, strerror(errno));
	}
	if (write_rows(m, fd) == -1)
		code = failed(m, EX_IOERR, m->fresh,
		    gdbm_strerror(gdbm_errno));
	else if (durable_sync(copy) == -1 ||
	    digest_file(copy, m->about.digest) == -1)
		code = failed(m, EX_IOERR, m->fresh, strerror(errno));
	close(copy);
	return code;
}

/*
 * The line of the table that is there now.  None if there is no table, or it
 * is not what its sidecar says: then it does not open now either.
 */
static void
old_line(struct make *m, struct sidecar_table *old_r)
{
	char digest[DIGEST_HEX];
	const struct sidecar_table *t;
	struct sidecar was;
	struct buf why;
	int fd = openat(m->dir, m->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	memset(old_r, 0, sizeof(*old_r));
	if (fd == -1)
		return;
	buf_init(&why, 1000);
	if (sidecar_read(m->output, &was, &why) == 0 &&
	    digest_file(fd, digest) == 0 &&
	    (t = sidecar_find(&was, digest)) != NULL)
		*old_r = *t;
	buf_free(&why);
	close(fd);
}

static int
make_sidecar(struct make *m)
{
	struct sidecar s = { .new = m->about };
	struct buf text;
	int fd = create(m, m->fresh_sum), rc = -1;

	old_line(m, &s.old);
	buf_init(&text, SIDECAR_TEXT);
	if (fd != -1 && sidecar_print(&s, &text) == 0 &&
	    fd_pwrite(fd, text.p, text.len, 0) == 0 && durable_sync(fd) == 0 &&
	    durable_replace(m->dir, m->fresh_sum, m->sum) == 0 &&
	    durable_sync_dir(m->dir) == 0)
		rc = 0;
	else
		(void)failed(m, EX_IOERR, m->sum, strerror(errno));
	buf_free(&text);
	if (fd != -1)
		close(fd);
	return rc == 0 ? 0 : EX_IOERR;
}

static int
put_in_place(struct make *m)
{
	if (durable_replace(m->dir, m->fresh, m->name) == 0 &&
	    durable_sync_dir(m->dir) == 0)
		return 0;
	return failed(m, EX_IOERR, m->output, strerror(errno));
}

int
maketable(const char *input, const char *output, bool join, struct buf *why_r)
{
	struct make m = {
		.input = input, .output = output, .why = why_r, .dir = -1,
	};
	int code = read_rows(&m, join);

	if (code == 0)
		code = open_directory(&m);
	if (code == 0)
		code = check_output(&m);
	if (code == 0) {
		code = make_table(&m);
		if (code == 0)
			code = make_sidecar(&m);
		if (code == 0)
			code = put_in_place(&m);
		if (code != 0 && (durable_remove(m.dir, m.fresh) == -1 ||
		    durable_remove(m.dir, m.fresh_sum) == -1))
			(void)failed(&m, code, m.fresh, strerror(errno));
	}
	if (m.dir != -1)
		close(m.dir);
	if (m.rows != NULL)
		snap_close(m.rows);
	return code;
}

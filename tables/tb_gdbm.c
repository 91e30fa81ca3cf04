/*
 * tb_gdbm - the GDBM kind: a file that dbmbuild made, with its sidecar.
 *
 * What experience with libgdbm asks for:
 *
 * Readers and writers lock each other out, so nothing is locked and nothing
 * is ever written: dbmbuild renames a new file over the old one.
 *
 * Forked readers share the offset of the file, and one that reads while
 * another seeks finds a wrong bucket: a false "not found".  So reading goes
 * through the mapping of the whole file, which is made before any fork, and
 * an answer that came in any other way does not count.
 *
 * A damaged file can give wrong answers without an error: its digest must be
 * in the sidecar.  And a file that somebody cuts in place (cp over it) would
 * kill its readers with SIGBUS, or change under them.  Hence a table is
 * copied into a sealed memory file, whose digest is taken and which is what
 * is read.  That takes 1 ms a MiB when it is opened (a million rows: 112 MiB)
 * and its size in memory once for each program that opens it, never for a
 * session.  Beyond COPY_MOST the file itself is mapped.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <gdbm.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/xalloc.h"
#include "tables/sidecar.h"
#include "tables/tb.h"
#include "tables/tbrow.h"

#define COPY_MOST ((size_t)256 << 20)
/*
 * Buckets that libgdbm keeps in our heap, 4 KiB each; by default all of them
 * in the end.
 */
#define CACHE 32

struct gdbm {
	GDBM_FILE db;
	struct sidecar_table about;
};

/* A sealed copy of the file; -1 with errno. */
static int
copy_file(int from, size_t size)
{
	int fd = memfd_create("table", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	size_t done = 0;
	off_t at = 0;
	ssize_t n;
	char *p;

	if (fd == -1)
		return -1;
	p = ftruncate(fd, (off_t)size) == -1 ? MAP_FAILED : mmap(NULL, size,
	    PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p != MAP_FAILED) {
		while (done < size) {
			n = pread(from, p + done, size - done, at);
			if (n == -1 && errno == EINTR)
				continue;
			if (n <= 0)
				break;	/* its digest will tell */
			done += (size_t)n;
			at += n;
		}
		(void)munmap(p, size);
		if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW |
		    F_SEAL_FUTURE_WRITE | F_SEAL_SEAL) == 0)
			return fd;
	}
	close(fd);
	return -1;
}

/* Opens what will be read: the copy, or a large file itself. */
static int
open_bytes(const char *path, struct stat *st_r, struct buf *why_r)
{
	size_t size;
	int fd = tbfile_regular(path, SIZE_MAX / 2, &size, why_r), copy = -1;

	if (fd == -1)
		return -1;
	if (fstat(fd, st_r) == -1)
		size = 0;
	if (size == 0)
		errno = EINVAL;
	else if (size > COPY_MOST)
		return fd;
	else
		copy = copy_file(fd, size);
	if (copy == -1)
		tb_why(why_r, "%s: %s", path, size == 0 ? "it is empty" :
		    strerror(errno));
	close(fd);
	return copy;
}

/*
 * Has another file taken the name meanwhile?  Perhaps with the number of the
 * old one, which is closed, but not of the same time.
 */
static bool
replaced(const char *path, const struct stat *was)
{
	struct stat st;

	return stat(path, &st) == 0 &&
	    (st.st_ino != was->st_ino || st.st_dev != was->st_dev ||
	    st.st_ctim.tv_sec != was->st_ctim.tv_sec ||
	    st.st_ctim.tv_nsec != was->st_ctim.tv_nsec);
}

/* The bytes at path, once they are what the sidecar says. */
static int
open_checked(const char *path, struct sidecar_table *about_r,
    struct buf *why_r)
{
	char digest[DIGEST_HEX];
	const struct sidecar_table *t;
	struct sidecar sidecar;
	struct stat st;
	int fd, tries = 3;

	while ((fd = open_bytes(path, &st, why_r)) != -1) {
		if (sidecar_read(path, &sidecar, why_r) == -1)
			break;
		if (digest_file(fd, digest) == -1) {
			tb_why(why_r, "%s: %s", path, strerror(errno));
			break;
		}
		t = sidecar_find(&sidecar, digest);
		if (t != NULL) {
			*about_r = *t;
			return fd;
		}
		if (--tries == 0 || !replaced(path, &st)) {
			tb_why(why_r, "%s: damaged: its digest is not in %s%s",
			    path, path, SIDECAR_END);
			break;
		}
		close(fd);	/* dbmbuild was quicker than we */
	}
	if (fd != -1)
		close(fd);
	return -1;
}

static bool
is_mapped(const struct gdbm *g)
{
	int mapped = 0;

	return gdbm_setopt(g->db, GDBM_GETMMAP, &mapped, sizeof(mapped)) == 0 &&
	    mapped;
}

/* libgdbm wants its keys writable. */
static enum tb_answer
gdbm_find(void *state, const char *key, size_t len, struct buf *value_r,
    int *line_r)
{
	struct gdbm *g = state;
	enum tb_answer answer = TB_LATER;
	char copy[TB_KEY];
	datum k, v;

	if (len >= sizeof(copy))
		return TB_NOT_FOUND;
	memcpy(copy, key, len);
	k.dptr = copy;
	k.dsize = (int)len;
	v = gdbm_fetch(g->db, k);
	if (!is_mapped(g))
		;
	else if (v.dptr == NULL)
		answer = gdbm_errno == GDBM_ITEM_NOT_FOUND ? TB_NOT_FOUND :
		    TB_LATER;
	else if (v.dsize >= 0 && (value_r == NULL || v.dsize == 0 ||
	    buf_add(value_r, v.dptr, (size_t)v.dsize) == 0))
		answer = TB_FOUND;
	free(v.dptr);
	if (answer == TB_FOUND && line_r != NULL)
		*line_r = 0;	/* only the text it is made of has lines */
	return answer;
}

/* No key can hold a NUL: this one maps the file and reads its directory. */
static bool
works(struct gdbm *g)
{
	return is_mapped(g) &&
	    gdbm_find(g, "", 1, NULL, NULL) == TB_NOT_FOUND;
}

static void
gdbm_kind_close(void *state)
{
	struct gdbm *g = state;

	(void)gdbm_close(g->db);
	free(g);
}

static int
gdbm_kind_open(const struct section *s, const char *path, void **state_r,
    struct buf *why_r)
{
	struct gdbm *g = xcalloc(1, sizeof(*g));
	size_t cache = CACHE;
	int fd = open_checked(path, &g->about, why_r);

	(void)s;
	if (fd == -1) {
		free(g);
		return -1;
	}
	g->db = gdbm_fd_open(fd, path, 0, GDBM_READER | GDBM_NOLOCK |
	    GDBM_CLOEXEC | GDBM_CLOERROR, NULL);
	if (g->db == NULL) {
		tb_why(why_r, "%s: %s", path, gdbm_strerror(gdbm_errno));
		free(g);
		return -1;
	}
	if (gdbm_setopt(g->db, GDBM_SETCACHESIZE, &cache,
	    sizeof(cache)) != 0 || !works(g)) {
		tb_why(why_r, "%s: %s", path, gdbm_strerror(gdbm_errno));
		gdbm_kind_close(g);
		return -1;
	}
	*state_r = g;
	return 0;
}

static enum tb_answer
gdbm_find_address(void *state, const struct netaddr *a, struct buf *value_r,
    int *line_r)
{
	struct gdbm *g = state;

	return prefix_find(&g->about.prefixes, g->about.holds, a, gdbm_find,
	    g, value_r, line_r);
}

/* -1 too when it cannot read on. */
static int
gdbm_walk(void *state, int (*each)(void *arg, const char *key, size_t klen,
    const char *value, size_t vlen, int line), void *arg)
{
	struct gdbm *g = state;
	datum k = gdbm_firstkey(g->db), next, v;
	int64_t n = 0;
	int rc = 0;

	for (; rc == 0 && k.dptr != NULL; k = next, n++) {
		v = gdbm_fetch(g->db, k);
		rc = v.dptr == NULL ? -1 : each(arg, k.dptr, (size_t)k.dsize,
		    v.dptr, (size_t)v.dsize, 0);
		next = gdbm_nextkey(g->db, k);
		free(v.dptr);
		free(k.dptr);
	}
	if (k.dptr != NULL)
		free(k.dptr);
	return rc == 0 && n != g->about.rows ? -1 : rc;
}

static int
gdbm_holds(void *state)
{
	struct gdbm *g = state;

	return g->about.holds;
}

const struct tb_kind tb_gdbm = {
	.name = "gdbm",
	.open = gdbm_kind_open,
	.find = gdbm_find,
	.find_address = gdbm_find_address,
	.walk = gdbm_walk,
	.holds = gdbm_holds,
	.close = gdbm_kind_close,
};

/*
 * qread - maps and checks an entry of the queue; used by deliver and by the
 * frame of channel programs.
 */
#include "config.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "chans/qread.h"
#include "lib/jfile.h"

/*
 * A mapped page that the disk cannot give is SIGBUS; a read of it is EIO.
 * So everything is read once before it is mapped.
 */
static int
read_through(int fd, off_t size)
{
	char page[16384];
	ssize_t got;
	off_t at;

	for (at = 0; at < size; at += got) {
		got = pread(fd, page, sizeof page, at);
		if (got == -1 && errno == EINTR)
			got = 0;
		else if (got == -1)
			return -1;
		else if (got == 0)
			break;
	}
	return 0;
}

int
qread_map(int fd, struct qread *r_r, const char **why_r)
{
	struct stat st;

	memset(r_r, 0, sizeof *r_r);
	*why_r = "it cannot be read";
	if (fstat(fd, &st) == -1)
		return -1;
	if (!S_ISREG(st.st_mode) || st.st_size < QFILE_TRAILER) {
		*why_r = "not a whole entry";
		errno = 0;
		return -1;
	}
	if (read_through(fd, st.st_size) == -1)
		return -1;
	r_r->len = (size_t)st.st_size;
	r_r->map = mmap(NULL, r_r->len, PROT_READ, MAP_SHARED, fd, 0);
	if (r_r->map == MAP_FAILED) {
		r_r->map = NULL;
		return -1;
	}
	if (qfile_parse(r_r->map, r_r->len, &r_r->q, why_r) == -1) {
		munmap(r_r->map, r_r->len);
		r_r->map = NULL;
		errno = 0;
		return -1;
	}
	return 0;
}

int
qread_part(int fd, uint64_t at, uint64_t length, struct qread *r_r,
    const char **why_r)
{
	memset(r_r, 0, sizeof *r_r);
	*why_r = "it cannot be read";
	r_r->map = jfile_read(fd, at, length);
	if (r_r->map == NULL)
		return -1;
	r_r->heap = true;
	r_r->len = (size_t)length;
	if (qfile_parse(r_r->map, r_r->len, &r_r->q, why_r) == 0)
		return 0;
	free(r_r->map);
	r_r->map = NULL;
	errno = 0;
	return -1;
}

void
qread_unmap(struct qread *r)
{
	if (r->map == NULL)
		return;
	qfile_free(&r->q);
	if (r->heap)
		free(r->map);
	else
		munmap(r->map, r->len);
	memset(r, 0, sizeof *r);
}

const char *
qread_message(const struct qread *r)
{
	return (const char *)r->map + r->q.message_at;
}

/*
 * marks - records in marks/ID: encode, decode, read, append.
 *
 *	offset  0 recipient (4), 4 state (1), 5 flags (1), 6 zero (2),
 *	8 when (8), 16 tries (4), 20 group (4), 24 code (12), 36 text (200),
 *	236 warned (4), 240 warning (4), 244 zero (4),
 *	248 XXH3 of the identifier and all before (8); little endian
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "chans/marks.h"
#include "lib/digest.h"
#include "lib/le.h"
#include "lib/trace.h"

#define MARK_SUM 248

static uint64_t
record_sum(const unsigned char p[MARK_SIZE], const char *id)
{
	unsigned char whole[TRACE_ID + MARK_SUM];

	memset(whole, 0, TRACE_ID);
	memcpy(whole, id, strnlen(id, TRACE_ID));
	memcpy(whole + TRACE_ID, p, MARK_SUM);
	return digest_of(whole, sizeof whole);
}

void
marks_put(const struct mark *m, const char *id, unsigned char *p_r)
{
	memset(p_r, 0, MARK_SIZE);
	le_put(p_r, m->recipient, 4);
	p_r[4] = m->state;
	p_r[5] = m->flags;
	le_put(p_r + 8, (uint64_t)m->when, 8);
	le_put(p_r + 16, m->tries, 4);
	le_put(p_r + 20, m->group, 4);
	memcpy(p_r + 24, m->code, sizeof m->code);
	memcpy(p_r + 36, m->text, sizeof m->text);
	le_put(p_r + 236, m->warned, 4);
	le_put(p_r + 240, m->warning, 4);
	le_put(p_r + MARK_SUM, record_sum(p_r, id), 8);
}

int
marks_get(const unsigned char *p, const char *id, struct mark *m_r)
{
	if (le_get(p + MARK_SUM, 8) != record_sum(p, id))
		return -1;
	m_r->recipient = (uint32_t)le_get(p, 4);
	m_r->state = p[4];
	m_r->flags = p[5];
	m_r->when = (int64_t)le_get(p + 8, 8);
	m_r->tries = (uint32_t)le_get(p + 16, 4);
	m_r->group = (uint32_t)le_get(p + 20, 4);
	memcpy(m_r->code, p + 24, sizeof m_r->code);
	memcpy(m_r->text, p + 36, sizeof m_r->text);
	m_r->warned = (uint32_t)le_get(p + 236, 4);
	m_r->warning = (uint32_t)le_get(p + 240, 4);
	if (memchr(m_r->code, '\0', sizeof m_r->code) == NULL ||
	    memchr(m_r->text, '\0', sizeof m_r->text) == NULL ||
	    memchr(m_r->recipient == MARK_WHOLE ? "HR\0\0\0" : "DLSFN",
	    m_r->state, 5) == NULL)
		return -1;
	return m_r->state == MARK_NONE ? -1 : 0;
}

void
marks_init(struct mark *m_r, size_t n)
{
	memset(m_r, 0, (n + 1) * sizeof *m_r);
	for (size_t i = 0; i < n; i++) {
		m_r[i].recipient = (uint32_t)i;
		m_r[i].group = MARK_ALONE;
	}
	m_r[n].recipient = MARK_WHOLE;
}

struct mark *
marks_at(struct mark *all, size_t n, const struct mark *m)
{
	if (m->recipient == MARK_WHOLE)
		return &all[n];
	return m->recipient < n ? &all[m->recipient] : NULL;
}

bool
marks_owe(const struct mark *m)
{
	return m->recipient != MARK_WHOLE && ((m->flags & MARK_EXPANDING) ||
	    ((m->state == MARK_FAILED || m->state == MARK_SUCCESS) &&
	    m->group != MARK_ALONE) ||
	    (m->state == MARK_LATER && m->warning != 0));
}

int
marks_read(int dir, const char *id, struct mark *m_r, size_t n,
    size_t *bad_r)
{
	unsigned char record[MARK_SIZE];
	struct mark m, *place;
	ssize_t got;
	off_t at;
	int fd;

	*bad_r = 0;
	marks_init(m_r, n);
	fd = openat(dir, id, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return errno == ENOENT ? 0 : -1;
	for (at = 0; (got = pread(fd, record, sizeof record, at)) > 0;
	    at += MARK_SIZE) {
		place = NULL;
		if (got == MARK_SIZE && marks_get(record, id, &m) == 0)
			place = marks_at(m_r, n, &m);
		if (place != NULL)
			*place = m;
		else
			(*bad_r)++;
	}
	close(fd);
	return got == 0 ? 0 : -1;
}

bool
marks_quiet(int dir, const char *id)
{
	unsigned char record[MARK_SIZE];
	bool quiet = true;
	struct mark m;
	ssize_t got;
	off_t at;
	int fd;

	fd = openat(dir, id, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return false;
	for (at = 0; quiet && (got = pread(fd, record, sizeof record,
	    at)) > 0; at += MARK_SIZE)
		quiet = got == MARK_SIZE && marks_get(record, id, &m) == 0 &&
		    !marks_owe(&m);
	close(fd);
	return quiet && got == 0;
}

int
marks_open(int dir, const char *id, int *made_r)
{
	struct stat st;
	int fd, saved;

	*made_r = 0;
	fd = openat(dir, id, O_WRONLY | O_NOFOLLOW | O_CLOEXEC | O_APPEND);
	if (fd == -1 && errno == ENOENT) {
		fd = openat(dir, id, O_WRONLY | O_NOFOLLOW | O_CLOEXEC |
		    O_APPEND | O_CREAT | O_EXCL, 0600);
		*made_r = 1;
	}
	if (fd == -1)
		return -1;
	if (fstat(fd, &st) == -1 || (st.st_size % MARK_SIZE != 0 &&
	    ftruncate(fd, st.st_size - st.st_size % MARK_SIZE) == -1)) {
		saved = errno;
		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

int
marks_append(int fd, const char *id, const struct mark *m)
{
	unsigned char record[MARK_SIZE];
	ssize_t put;

	marks_put(m, id, record);
	do {
		put = write(fd, record, sizeof record);
	} while (put == -1 && errno == EINTR);
	if (put == -1)
		return -1;
	if (put == MARK_SIZE)
		return 0;
	/* A full disk may take half a record: take it back. */
	(void)!ftruncate(fd, lseek(fd, 0, SEEK_CUR) - put);
	errno = ENOSPC;
	return -1;
}

/*
 * jmarks - see jmarks.h.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "chans/jmarks.h"
#include "lib/digest.h"
#include "lib/durable.h"
#include "lib/fdio.h"
#include "lib/jfile.h"
#include "lib/le.h"
#include "lib/xalloc.h"

#define HEAD 32
#define HEAD_SUM 24
#define KIND 2			/* 'D' or 'M' stands there */
/* Made longer by so much at a time: then most syncs have data alone. */
#define GROW (256 * 1024)

static uint64_t
sum_of(const unsigned char head[HEAD], const char *id)
{
	unsigned char whole[TRACE_ID + HEAD_SUM];

	memset(whole, 0, TRACE_ID);
	memcpy(whole, id, strnlen(id, TRACE_ID));
	memcpy(whole + TRACE_ID, head, HEAD_SUM);
	return digest_of(whole, sizeof(whole));
}

static bool
is_head(const unsigned char *p)
{
	static const unsigned char zeros[5];

	return p[0] == 'J' && p[1] == 'M' &&
	    (p[KIND] == 'D' || p[KIND] == 'M') &&
	    memcmp(p + KIND + 1, zeros, sizeof(zeros)) == 0;
}

static int
compare(const void *a, const void *b)
{
	const struct jmarks_item *x = a, *y = b;

	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	return x->record < y->record ? -1 : x->record > y->record;
}

static void
add_item(struct jmarks *m, size_t record, size_t *room_io)
{
	if (m->n == *room_io) {
		*room_io = 2 * *room_io + 64;
		m->item = xresize(m->item, *room_io, sizeof(*m->item));
	}
	m->item[m->n++] = (struct jmarks_item){
	    .at = le_get(m->text + record + 16, 8), .record = record };
}

static int
read_all(struct jmarks *m, size_t len)
{
	size_t at, room = 0, whole;

	m->text = jfile_read(m->fd, 0, len);
	if (m->text == NULL)
		return -1;
	for (at = 0; at + HEAD <= len; at += whole) {
		whole = HEAD;
		if (!is_head(m->text + at) ||
		    le_get(m->text + at + 8, 8) != m->generation)
			continue;
		if (m->text[at + KIND] == 'M')
			whole += MARK_SIZE;
		if (at + whole > len)
			break;
		add_item(m, at, &room);
		m->tail = at + whole;
	}
	if (m->n > 1)
		qsort(m->item, m->n, sizeof(*m->item), compare);
	return 0;
}

int
jmarks_open(struct jmarks *m_r, int dir, size_t number, uint64_t generation,
    bool write)
{
	char name[JFILE_NAME];
	struct stat st;
	int saved;

	*m_r = (struct jmarks){ .generation = generation };
	jfile_segment_name(name, number);
	name[0] = 'm';
	m_r->fd = openat(dir, name, write ? O_RDWR | O_CREAT | O_NOFOLLOW |
	    O_CLOEXEC : O_RDONLY | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (m_r->fd == -1)
		return !write && errno == ENOENT ? 0 : -1;
	if (fstat(m_r->fd, &st) == 0) {
		m_r->size = (uint64_t)st.st_size / HEAD * HEAD;
		if (m_r->size == 0 || read_all(m_r, (size_t)m_r->size) == 0)
			return 0;
	}
	saved = errno;
	jmarks_close(m_r);
	errno = saved;
	return -1;
}

void
jmarks_forget(struct jmarks *m)
{
	free(m->text);
	free(m->item);
	m->text = NULL;
	m->item = NULL;
	m->n = 0;
}

void
jmarks_close(struct jmarks *m)
{
	if (m->fd != -1)
		close(m->fd);
	m->fd = -1;
	jmarks_forget(m);
}

static size_t
first_of(const struct jmarks *m, uint64_t at)
{
	size_t low = 0, high = m->n, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (m->item[middle].at < at)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool
jmarks_find(const struct jmarks *m, uint64_t at, const char *id,
    struct mark **mark_r, size_t *n_r)
{
	*mark_r = NULL;
	*n_r = 0;
	for (size_t i = first_of(m, at); i < m->n && m->item[i].at == at; i++) {
		const unsigned char *p = m->text + m->item[i].record;
		struct mark mark;

		if (le_get(p + HEAD_SUM, 8) != sum_of(p, id))
			continue;
		if (p[KIND] == 'D') {
			free(*mark_r);
			*mark_r = NULL;
			*n_r = 0;
			return true;
		}
		if (marks_get(p + HEAD, id, &mark) != 0)
			continue;
		*mark_r = xresize(*mark_r, *n_r + 1, sizeof(**mark_r));
		(*mark_r)[(*n_r)++] = mark;
	}
	return false;
}

static int
append(struct jmarks *m, const void *p, size_t len)
{
	if (m->tail + len > m->size) {
		void *zeros = xcalloc(1, GROW);
		int result = fd_pwrite(m->fd, zeros, GROW, (off_t)m->size);

		free(zeros);
		if (result != 0)
			return -1;
		m->size += GROW;
	}
	m->dirty = true;
	if (fd_pwrite(m->fd, p, len, (off_t)m->tail) != 0)
		return -1;
	m->tail += len;
	return 0;
}

static void
head(const struct jmarks *m, unsigned char p[HEAD], char kind, uint64_t at,
    const char *id)
{
	memset(p, 0, HEAD);
	p[0] = 'J';
	p[1] = 'M';
	p[KIND] = (unsigned char)kind;
	le_put(p + 8, m->generation, 8);
	le_put(p + 16, at, 8);
	le_put(p + HEAD_SUM, sum_of(p, id), 8);
}

int
jmarks_done(struct jmarks *m, uint64_t at, const char *id)
{
	unsigned char p[HEAD];

	head(m, p, 'D', at, id);
	return append(m, p, sizeof(p));
}

int
jmarks_add(struct jmarks *m, uint64_t at, const char *id,
    const struct mark *mark)
{
	unsigned char p[HEAD + MARK_SIZE];

	head(m, p, 'M', at, id);
	marks_put(mark, id, p + HEAD);
	return append(m, p, sizeof(p));
}

int
jmarks_sync(struct jmarks *m)
{
	if (!m->dirty)
		return 0;
	m->dirty = false;
	return durable_data(m->fd);
}

/*
 * queue - see queue.h.
 */
#include "config.h"

#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/durable.h"
#include "lib/log.h"
#include "lib/qfile.h"
#include "lib/text.h"
#include "lib/xalloc.h"
#include "submit/queue.h"

#define QUEUE_CREATE_TRIES 3

struct entry *
queue_new(const char *id)
{
	struct entry *e = xcalloc(1, sizeof(*e));

	if (text_copy(e->id, sizeof(e->id), id) != 0)
		PANIC_IF("an identifier too long");
	e->fd = -1;
	e->state = ENTRY_NEW;
	e->sum = digest_new();
	return e;
}

void
queue_free(struct spool *s, struct entry *e)
{
	if (e == NULL)
		return;
	if (e->state != ENTRY_QUEUED)
		queue_discard(s, e);
	digest_free(e->sum);
	free(e);
}

static int
failed(struct entry *e, const char *step)
{
	e->error = errno != 0 ? errno : EIO;
	e->failed = step;
	return -1;
}

/*
 * Locks the new file; ESTALE if another submit that starts just now locked it
 * first, and removed it for an abandoned one.
 */
static int
lock_new(int fd)
{
	struct stat st;

	while (flock(fd, LOCK_EX) != 0)
		if (errno != EINTR)
			return -1;
	if (fstat(fd, &st) != 0)
		return -1;
	errno = ESTALE;
	return st.st_nlink == 1 ? 0 : -1;
}

static int
create_once(struct spool *s, struct entry *e)
{
	int error;

	e->fd = durable_create(s->tmp, e->id);
	if (e->fd == -1)
		return -1;
	if (lock_new(e->fd) == 0)
		return 0;
	error = errno;
	if (error != ESTALE && durable_remove(s->tmp, e->id) != 0)
		log_note(LEVEL_ERROR, "cannot remove tmp/%s: %s", e->id,
		    strerror(errno));
	close(e->fd);
	e->fd = -1;
	errno = error;
	return -1;
}

int
queue_create(struct spool *s, struct entry *e)
{
	PANIC_IF(e->state != ENTRY_NEW);
	for (int try = 0; try < QUEUE_CREATE_TRIES; try++) {
		if (create_once(s, e) == 0) {
			e->state = ENTRY_WRITING;
			return 0;
		}
		if (errno != ESTALE)
			break;
	}
	return failed(e, "create");
}

/* All of iov, whatever the kernel takes at a time. */
static int
write_all(struct entry *e, struct iovec *iov, int n)
{
	while (n > 0) {
		ssize_t did = writev(e->fd, iov, n);

		if (did == -1 && errno == EINTR)
			continue;
		if (did == 0)
			errno = ENOSPC;
		if (did <= 0)
			return failed(e, "write");
		e->length += (uint64_t)did;
		while (n > 0 && (size_t)did >= iov->iov_len) {
			did -= (ssize_t)iov->iov_len;
			iov++;
			n--;
		}
		if (n > 0) {
			iov->iov_base = (char *)iov->iov_base + did;
			iov->iov_len -= (size_t)did;
		}
	}
	return 0;
}

int
queue_write(struct entry *e, const void *p, size_t len, size_t header)
{
	struct iovec iov = { .iov_len = len };

	PANIC_IF(e->state != ENTRY_WRITING);
	memcpy(&iov.iov_base, &p, sizeof(p));	/* writev only reads */
	digest_add(e->sum, p, len);
	e->header += header;
	return write_all(e, &iov, 1);
}

int
queue_finish(struct entry *e, const void *p, size_t len, size_t header)
{
	unsigned char trailer[QFILE_TRAILER];
	struct iovec iov[2] = {
		{ .iov_len = len },
		{ .iov_base = trailer, .iov_len = sizeof(trailer) }
	};

	PANIC_IF(e->state != ENTRY_WRITING);
	memcpy(&iov[0].iov_base, &p, sizeof(p));
	digest_add(e->sum, p, len);
	e->header += header;
	qfile_trailer(trailer, e->header, e->length + len - e->header,
	    digest_sum(e->sum));
	if (write_all(e, iov, 2) != 0)
		return -1;
	e->state = ENTRY_FINISHED;
	return 0;
}

int
queue_name(struct spool *s, struct entry *e)
{
	PANIC_IF(e->state != ENTRY_FINISHED);
	durable_start(e->fd);
	if (durable_rename(s->tmp, e->id, s->queue, e->id) != 0)
		return failed(e, "rename");
	e->state = ENTRY_NAMED;
	return 0;
}

int
queue_sync(struct entry *e)
{
	PANIC_IF(e->state != ENTRY_NAMED);
	if (durable_sync(e->fd) != 0)
		return failed(e, "sync");
	e->state = ENTRY_SYNCED;
	return 0;
}

int
queue_sync_names(struct spool *s)
{
	return durable_sync_dir(s->queue);
}

void
queue_release(struct entry *e)
{
	PANIC_IF(e->state != ENTRY_SYNCED);
	/* The lock goes with its only descriptor. */
	close(e->fd);
	e->fd = -1;
	e->state = ENTRY_QUEUED;
}

void
queue_journaled(struct entry *e)
{
	PANIC_IF(e->state != ENTRY_NEW);
	e->state = ENTRY_QUEUED;
}

void
queue_discard(struct spool *s, struct entry *e)
{
	PANIC_IF(e->state == ENTRY_QUEUED);
	if (e->state == ENTRY_NAMED || e->state == ENTRY_SYNCED) {
		if (durable_remove(s->queue, e->id) != 0)
			log_note(LEVEL_ERROR, "cannot remove queue/%s: %s",
			    e->id, strerror(errno));
		if (ftruncate(e->fd, 0) != 0)
			log_note(LEVEL_ERROR, "cannot empty queue/%s: %s",
			    e->id, strerror(errno));
	} else if (e->fd != -1 && durable_remove(s->tmp, e->id) != 0) {
		log_note(LEVEL_ERROR, "cannot remove tmp/%s: %s", e->id,
		    strerror(errno));
	}
	if (e->fd != -1)
		close(e->fd);
	e->fd = -1;
	e->state = ENTRY_GONE;
}

bool
queue_has(const struct spool *s, const char *id)
{
	struct stat st;

	return fstatat(s->queue, id, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

bool
queue_id_good(const char *id)
{
	size_t len = strlen(id);

	return len > 0 && len < TRACE_ID &&
	    strspn(id, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz-") == len;
}

void
queue_refusal(int error, struct reply *reply_r)
{
	switch (error) {
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		reply_set(reply_r, REPLY_NO_SPACE);
		break;
	default:
		reply_set(reply_r, REPLY_QUEUE_FAILED);
		break;
	}
}

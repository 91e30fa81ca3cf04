/*
 * journal - see journal.h: the batch that is being written.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/digest.h"
#include "lib/durable.h"
#include "lib/fdio.h"
#include "lib/jfile.h"
#include "lib/log.h"
#include "lib/qfile.h"
#include "lib/text.h"
#include "lib/xalloc.h"
#include "submit/journal.h"
#include "submit/segments.h"

#define JOURNAL_CHUNK (1024 * 1024)	/* written at a time */
#define JOURNAL_AGAIN_MS 100	/* until a segment is looked for again */

struct journal {
	struct segments *segments;
	struct segment on;	/* the one that is written to; fd -1: none */
	struct buf batch;	/* of it, not written yet; it goes to on.at */
	uint64_t began;		/* where the batch began */
	bool any;		/* there is a record in batch: */
	struct jrecord last;
	size_t last_at;		/* its place there */
	int64_t again;		/* there was no segment: not before that */
};

struct journal *
journal_open(struct spool *s, int64_t size, int64_t least_free)
{
	struct journal *j;
	struct segments *all = segments_open(s, size, least_free);

	if (all == NULL)
		return NULL;
	j = xcalloc(1, sizeof(*j));
	j->segments = all;
	j->on.fd = -1;
	buf_init(&j->batch, 2 * (size_t)size + JOURNAL_CHUNK);
	return j;
}

void
journal_start(struct journal *j)
{
	segments_start(j->segments);
}

void
journal_close(struct journal *j)
{
	if (j == NULL)
		return;
	if (j->on.fd != -1)
		close(j->on.fd);
	segments_close(j->segments);
	buf_free(&j->batch);
	free(j);
}

bool
journal_holds(const struct journal *j, size_t len)
{
	return len <= segments_size(j->segments) / 4;
}

static void
must(int result)
{
	PANIC_IF(result != 0);	/* batch holds more than a segment */
}

static void
pad(struct buf *b, uint64_t to)
{
	static const char zeros[JFILE_BLOCK];

	must(buf_add(b, zeros, (size_t)(to - b->len)));
}

/* A new use of a segment begins with its head, in the first batch. */
static void
begin(struct journal *j)
{
	unsigned char block[JFILE_BLOCK];

	j->began = j->on.at;
	if (j->on.at != 0 || j->batch.len != 0)
		return;
	jfile_put_segment(block, &j->on.head);
	j->on.sum = j->on.head.sum;
	must(buf_add(&j->batch, block, sizeof(block)));
}

bool
journal_add(struct journal *j, const char *id, const void *p, size_t len,
    size_t header)
{
	struct jrecord r = { .length = len + QFILE_TRAILER,
		.digest = digest_of(p, len) };
	unsigned char head[JFILE_HEAD], trailer[QFILE_TRAILER];

	if (j->on.fd == -1)
		return false;
	if (j->batch.len == 0)
		begin(j);
	r.generation = j->on.head.generation;
	r.at = j->on.at + j->batch.len;
	r.next = jfile_after(r.at, r.length);
	r.before = j->any ? j->last.sum : j->on.sum;
	if (r.next > j->on.head.size)
		return false;
	must(text_copy(r.id, sizeof(r.id), id));
	jfile_put_record(head, &r);
	qfile_trailer(trailer, header, len - header, r.digest);
	j->last_at = j->batch.len;
	must(buf_add(&j->batch, head, sizeof(head)));
	must(buf_add(&j->batch, p, len));
	must(buf_add(&j->batch, trailer, sizeof(trailer)));
	pad(&j->batch, r.next - j->on.at);
	j->last = r;
	j->any = true;
	return true;
}

/* The last record leads to the next block: there the next batch begins. */
static void
seal(struct journal *j)
{
	unsigned char head[JFILE_HEAD];

	j->last.next = jfile_next_block(j->last.next);
	jfile_put_record(head, &j->last);
	memcpy(j->batch.p + j->last_at, head, sizeof(head));
	pad(&j->batch, j->last.next - j->on.at);
}

static int
write_batch(struct journal *j)
{
	size_t done = 0;

	while (done < j->batch.len) {
		size_t n = j->batch.len - done;

		if (n > JOURNAL_CHUNK)
			n = JOURNAL_CHUNK;
		if (fd_pwrite(j->on.fd, j->batch.p + done, n,
		    (off_t)(j->on.at + done)) != 0)
			return -1;
		done += n;
	}
	return 0;
}

static void
empty(struct journal *j)
{
	j->batch.len = 0;
	j->any = false;
	if (j->batch.room > JOURNAL_CHUNK)
		buf_free(&j->batch);
}

/*
 * What was written, and perhaps reached the disk, must never be taken for
 * mail: 451 will be said.  Nor is anything written or synced there again.
 */
static void
give_up(struct journal *j, int error)
{
	static const char zeros[JFILE_BLOCK];

	if (fd_pwrite(j->on.fd, zeros, sizeof(zeros), (off_t)j->began) != 0)
		log_note(LEVEL_ERROR, "journal: cannot take a batch back: %s",
		    strerror(errno));
	segments_abandon(j->segments, &j->on, j->began);
	empty(j);
	errno = error;
}

int
journal_commit(struct journal *j, const char **step_r)
{
	*step_r = "write";
	if (!j->any)
		return 0;
	seal(j);
	if (write_batch(j) == 0) {
		*step_r = "sync";
		if (durable_data(j->on.fd) == 0) {
			*step_r = "publish";
			j->on.at = j->last.next;
			j->on.sum = j->last.sum;
			if (segments_publish(j->segments, &j->on,
			    false) == 0) {
				empty(j);
				return 0;
			}
		}
	}
	give_up(j, errno != 0 ? errno : EIO);
	return -1;
}

bool
journal_turn(struct journal *j)
{
	int64_t now = clock_ms();

	PANIC_IF(j->any);
	empty(j);
	if (j->on.fd != -1) {
		/* Whether deliver hears of it now or at a start: no loss. */
		(void)!segments_publish(j->segments, &j->on, true);
		close(j->on.fd);
		j->on.fd = -1;
	}
	if (now < j->again)
		return false;
	if (segments_take(j->segments, &j->on))
		return true;
	j->again = now + JOURNAL_AGAIN_MS;
	return false;
}

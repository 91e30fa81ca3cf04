/*
 * queue: every state and arrow of ARCHITECTURE.md's table, and what an error
 * at each leaves behind: nothing.
 */
#include "config.h"

#include <sys/file.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "lib/qfile.h"
#include "submit/queue.h"
#include "tests/submit/stage.h"
#include "tests/tap.h"

#define ID "0123456789ABCDEFGHJK"

static struct desk desk;
static struct spool *const spool = &desk.spool;

static bool
locked(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY);
	bool is = fd != -1 && flock(fd, LOCK_EX | LOCK_NB) != 0;

	if (fd != -1)
		close(fd);
	return is;
}

static void
where(int tmp, int queue, const char *what)
{
	char text[120];

	snprintf(text, sizeof(text), "%s: tmp/ has %d", what, tmp);
	num(stage_count(spool->tmp), tmp, text);
	snprintf(text, sizeof(text), "%s: queue/ has %d", what, queue);
	num(stage_count(spool->queue), queue, text);
}

static void
header(struct buf *b, const char *id)
{
	struct qfile_recipient to = { .channel = "local",
		.host = "example.org", .address = "user@example.org",
		.mailbox = "example.org/user", .original = "x@example.org",
		.notify = "", .orcpt = "" };

	buf_init(b, 65536);
	ok(qfile_begin(b) == 0 && qfile_put(b, QFILE_ID, id) == 0 &&
	    qfile_put_number(b, QFILE_TIME, 1) == 0 &&
	    qfile_put(b, QFILE_SENDER, "") == 0 &&
	    qfile_put_recipient(b, &to) == 0 && qfile_end_header(b) == 0,
	    "a header");
}

static void
the_way(void)
{
	struct entry *e = queue_new(ID);
	struct buf b, got;
	struct qfile q;

	num(e->state, ENTRY_NEW, "NEW");
	where(0, 0, "NEW");
	header(&b, ID);
	num(queue_create(spool, e), 0, "created");
	num(e->state, ENTRY_WRITING, "WRITING");
	ok(locked(spool->tmp, ID), "locked");
	num(queue_write(e, b.p, b.len, b.len), 0, "the header");
	num(queue_write(e, "one\n", 4, 0), 0, "a piece");
	num(queue_finish(e, "two\n", 4, 0), 0, "finished");
	where(1, 0, "FINISHED");
	num(queue_name(spool, e), 0, "named");
	num(e->state, ENTRY_NAMED, "NAMED");
	where(0, 1, "NAMED");
	num(queue_sync(e), 0, "synced");
	num(e->state, ENTRY_SYNCED, "SYNCED");
	ok(locked(spool->queue, ID), "still locked: deliver must wait");
	num(queue_sync_names(spool), 0, "names synced");
	queue_release(e);
	num(e->state, ENTRY_QUEUED, "QUEUED");
	ok(!locked(spool->queue, ID), "unlocked: deliver may take it");
	queue_free(spool, e);
	where(0, 1, "QUEUED and freed");
	ok(queue_has(spool, ID), "there it is");
	ok(stage_entry(spool, ID, &got, &q), "and whole");
	num(q.message_len, 8, "with its message");
	num(q.message_at, b.len, "behind its header");
	qfile_free(&q);
	buf_free(&got);
	buf_free(&b);
	unlinkat(spool->queue, ID, 0);
}

static int
advance(struct entry *e, int steps, struct buf *b)
{
	return (steps > 0 && queue_create(spool, e) != 0) ||
	    (steps > 1 && queue_finish(e, b->p, b->len, b->len) != 0) ||
	    (steps > 2 && queue_name(spool, e) != 0) ||
	    (steps > 3 && queue_sync(e) != 0) ? -1 : 0;
}

static void
discarded(void)
{
	struct buf b;

	header(&b, ID);
	for (int steps = 0; steps <= 4; steps++) {
		struct entry *e = queue_new(ID);
		int fd;

		num(advance(e, steps, &b), 0, "as far as it should");
		fd = openat(spool->queue, ID, O_RDONLY);
		queue_discard(spool, e);
		num(e->state, ENTRY_GONE, "GONE");
		where(0, 0, "discarded");
		if (fd != -1) {
			num(lseek(fd, 0, SEEK_END), 0,
			    "empty for whoever had it open");
			close(fd);
		}
		queue_free(spool, e);
	}
	buf_free(&b);
}

static void
taken(void)
{
	struct entry *e = queue_new(ID), *again = queue_new(ID);
	struct buf b;

	header(&b, ID);
	num(advance(e, 1, &b), 0, "one is being written");
	num(queue_create(spool, again), -1, "not a second of that name");
	num(again->error, EEXIST, "EEXIST");
	queue_free(spool, again);
	where(1, 0, "the first is left alone");
	num(queue_finish(e, b.p, b.len, b.len), 0, "finished");
	ok(openat(spool->queue, ID, O_CREAT | O_WRONLY, 0600) != -1,
	    "somebody has the name in queue/");
	num(queue_name(spool, e), -1, "it is not overwritten");
	num(e->error, EEXIST, "EEXIST");
	queue_free(spool, e);
	where(0, 1, "and not removed");
	unlinkat(spool->queue, ID, 0);
	buf_free(&b);
}

static void
replies(void)
{
	struct reply r;

	queue_refusal(ENOSPC, &r);
	num(r.code, 452, "ENOSPC: 452");
	queue_refusal(EFBIG, &r);
	num(r.code, 452, "EFBIG: 452");
	queue_refusal(EDQUOT, &r);
	num(r.code, 452, "EDQUOT: 452");
	queue_refusal(EIO, &r);
	num(r.code, 451, "EIO: 451");
	queue_refusal(EMFILE, &r);
	num(r.code, 451, "EMFILE: 451");
}

static void
names(void)
{
	ok(queue_id_good(ID), "an identifier");
	ok(queue_id_good("dsn-1"), "a notice's");
	ok(!queue_id_good(""), "not nothing");
	ok(!queue_id_good(ID "0"), "not 21 characters");
	ok(!queue_id_good("../x"), "not a path");
	ok(!queue_id_good("a/b") && !queue_id_good(".") &&
	    !queue_id_good("a\n"), "nor its parts");
}

int
main(void)
{
	char scratch[256];

	stage_scratch(scratch, sizeof(scratch));
	stage_desk(&desk, scratch, "192.0.2.7");
	the_way();
	discarded();
	taken();
	replies();
	names();
	stage_desk_end(&desk);
	stage_clean(scratch);
	return done();
}

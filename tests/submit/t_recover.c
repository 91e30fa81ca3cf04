/*
 * recover: every half-made state constructed by hand; what a start makes of
 * it is what ARCHITECTURE.md says.
 */
#include "config.h"

#include <sys/file.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <unistd.h>

#include "lib/qfile.h"
#include "submit/queue.h"
#include "submit/recover.h"
#include "tests/submit/stage.h"
#include "tests/tap.h"

static struct desk desk;
static struct spool *const spool = &desk.spool;

/* A good entry in queue/, and its bytes. */
static void
make_entry(char id_r[TRACE_ID], struct buf *b_r)
{
	struct dialogue d;
	struct sub_verdict v;
	struct qfile q;

	dialogue_init(&d, DOOR_JAIL, (int64_t)geteuid());
	stage_hello(&d.in, SUB_SESSION, 0);
	stage_envelope(&d.in, "a@example.net", "lan", "");
	stage_recipient(&d.in, "user@example.org");
	stage_text(&d.in, "Subject: x\n\nbody\n");
	dialogue_run(&desk, &d);
	ok(d.out.len > sizeof(struct sub_header) && sub_get_verdict(
	    d.out.p + sizeof(struct sub_header), d.out.len -
	    sizeof(struct sub_header), &v) == 0 && v.reply.code == 250,
	    "an entry");
	memcpy(id_r, v.id, sizeof(v.id));
	ok(stage_entry(spool, id_r, b_r, &q), "which is good");
	qfile_free(&q);
	dialogue_free(&desk, &d);
}

static int
put(int dir, const char *name, const char *p, size_t len)
{
	int fd = openat(dir, name, O_CREAT | O_EXCL | O_RDWR, 0600);

	ok(fd != -1 && write(fd, p, len) == (ssize_t)len, name);
	return fd;
}

static void
check(void)
{
	struct recover *r = recover_begin(spool);

	while (recover_step(r))
		;
	recover_end(r);
}

static void
in_tmp(const struct buf *good)
{
	int fd;

	close(put(spool->tmp, "EMPTY", "", 0));
	close(put(spool->tmp, "HALF", good->p, good->len / 2));
	close(put(spool->tmp, "WHOLE", good->p, good->len));
	fd = put(spool->tmp, "LOCKED", good->p, good->len / 2);
	num(flock(fd, LOCK_EX), 0, "somebody writes that one");
	num(symlinkat("/etc/passwd", spool->tmp, "LINK"), 0, "a link");
	num(mkfifoat(spool->tmp, "FIFO", 0600), 0, "a FIFO");
	num(recover_tmp(spool), 5, "what nobody writes is removed");
	num(stage_count(spool->tmp), 1, "and no more");
	num(faccessat(spool->tmp, "LOCKED", F_OK, 0), 0,
	    "what is being written stays");
	close(fd);
	num(recover_tmp(spool), 1, "until its writer is gone");
	num(stage_count(spool->tmp), 0, "nothing is left");
}

/* A bad entry of each kind goes to bad/, under its name. */
static void
bad_one(const char *name, const char *p, size_t len)
{
	char what[80];

	close(put(spool->queue, name, p, len));
	check();
	snprintf(what, sizeof(what), "%s is no longer in queue/", name);
	ok(!queue_has(spool, name), what);
	snprintf(what, sizeof(what), "%s is in bad/", name);
	num(faccessat(spool->bad, name, F_OK, 0), 0, what);
}

static void
in_queue(const char *id, const struct buf *good)
{
	struct buf b;
	int fd;

	check();
	ok(queue_has(spool, id), "a good entry stays");
	bad_one("EMPTY", "", 0);
	bad_one("CUT", good->p, good->len - 1);
	bad_one("HALF", good->p, good->len / 2);
	bad_one("OTHER", good->p, good->len);	/* another's name */
	buf_init(&b, 4 * 1024 * 1024);
	ok(buf_add(&b, good->p, good->len) == 0, "a copy");
	b.p[good->len / 2] = (char)(b.p[good->len / 2] ^ 1);
	bad_one("FLIPPED", b.p, b.len);
	ok(buf_reserve(&b, 2 * 1024 * 1024) == 0, "a long one");
	memset(b.p, 0, 2 * 1024 * 1024);
	b.len = 2 * 1024 * 1024;
	bad_one("ZEROS", b.p, b.len);
	buf_free(&b);

	fd = put(spool->queue, "TAKEN", "", 0);
	num(flock(fd, LOCK_EX), 0, "deliver has one");
	check();
	ok(queue_has(spool, "TAKEN"), "it is left alone");
	close(fd);
	check();
	ok(!queue_has(spool, "TAKEN"), "until it is not locked");
	ok(queue_has(spool, id), "the good one is there all the time");
	num(stage_count(spool->queue), 1, "alone");
}

int
main(void)
{
	char scratch[256], id[TRACE_ID];
	struct buf good;

	stage_scratch(scratch, sizeof(scratch));
	stage_desk(&desk, scratch, "192.0.2.7");
	make_entry(id, &good);
	in_tmp(&good);
	in_queue(id, &good);
	buf_free(&good);
	stage_desk_end(&desk);
	stage_clean(scratch);
	return done();
}

/*
 * commit: batches, one bad among good ones, notices twice, the thread, who
 * waits for whom.
 */
#include "config.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/qfile.h"
#include "lib/xalloc.h"
#include "submit/commit.h"
#include "tests/submit/stage.h"
#include "tests/tap.h"

#define MANY 600	/* more than two batches */
#define HOUR 3600000

static struct desk desk;
static struct spool *const spool = &desk.spool;
static struct store store = { .spool = &desk.spool };

/* The syncs of queue/, one a batch; they can be made to wait. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int batches;		/* that came so far */
	bool closed;
} gate = { .lock = PTHREAD_MUTEX_INITIALIZER,
	.changed = PTHREAD_COND_INITIALIZER };

/* In place of libc's. */
int
fsync(int fd)
{
	if (fd == spool->queue) {
		pthread_mutex_lock(&gate.lock);
		gate.batches++;
		pthread_cond_broadcast(&gate.changed);
		while (gate.closed)
			pthread_cond_wait(&gate.changed, &gate.lock);
		pthread_mutex_unlock(&gate.lock);
	}
	return (int)syscall(SYS_fsync, fd);
}

static void
gate_close(bool closed)
{
	pthread_mutex_lock(&gate.lock);
	gate.closed = closed;
	pthread_cond_broadcast(&gate.changed);
	pthread_mutex_unlock(&gate.lock);
}

static void
gate_await(int batches)
{
	pthread_mutex_lock(&gate.lock);
	while (gate.batches < batches)
		pthread_cond_wait(&gate.changed, &gate.lock);
	pthread_mutex_unlock(&gate.lock);
}

static int
batches(void)
{
	int n;

	pthread_mutex_lock(&gate.lock);
	n = gate.batches;
	pthread_mutex_unlock(&gate.lock);
	return n;
}

static struct job *
make(const char *id, bool notice)
{
	struct job *j = xcalloc(1, sizeof(*j));
	struct qfile_recipient to = { .channel = "local",
		.host = "example.org", .address = "user@example.org",
		.mailbox = "example.org/user", .original = "x@example.org",
		.notify = "", .orcpt = "" };

	j->entry = queue_new(id);
	j->notice = notice;
	buf_init(&j->held, 65536);
	if (qfile_begin(&j->held) != 0 ||
	    qfile_put(&j->held, QFILE_ID, id) != 0 ||
	    qfile_put_number(&j->held, QFILE_TIME, 1) != 0 ||
	    qfile_put(&j->held, QFILE_SENDER, "") != 0 ||
	    qfile_put_recipient(&j->held, &to) != 0 ||
	    qfile_end_header(&j->held) != 0)
		ok(false, "a job");
	j->header = j->held.len;
	if (buf_adds(&j->held, "text\n") != 0)
		ok(false, "its text");
	return j;
}

static void
unmake(struct job *j)
{
	queue_free(spool, j->entry);
	buf_free(&j->held);
	free(j);
}

static bool
whole(const char *id)
{
	struct buf b;
	struct qfile q;
	bool good = stage_entry(spool, id, &b, &q);

	if (good)
		qfile_free(&q);
	buf_free(&b);
	return good;
}

static void
batch(void)
{
	struct job *a = make("AAA", false), *b = make("BBB", false),
	    *c = make("CCC", false);

	a->next = b;
	b->next = c;
	close(openat(spool->tmp, "BBB", O_CREAT | O_RDWR, 0600));
	store_batch(&store, a);
	num(a->reply.code, 250, "the first is queued");
	num(b->reply.code, 451, "the second has its name taken");
	num(c->reply.code, 250, "the third is queued");
	ok(whole("AAA") && whole("CCC"), "both are whole");
	ok(!queue_has(spool, "BBB"), "the second is not there");
	num(unlinkat(spool->tmp, "BBB", 0), 0, "what had its name stays");
	unmake(a);
	unmake(b);
	unmake(c);
}

static void
notices(void)
{
	struct job *j = make("NOTICE", true);

	store_batch(&store, j);
	ok(j->reply.code == 250 && !j->again, "a notice");
	unmake(j);
	j = make("NOTICE", true);
	store_batch(&store, j);
	ok(j->reply.code == 250 && j->again, "the same again is as good");
	unmake(j);
	ok(whole("NOTICE"), "it is there, whole");
	j = make("NOTICE", false);
	store_batch(&store, j);
	num(j->reply.code, 451, "but no other entry has that name");
	unmake(j);
	ok(whole("NOTICE"), "nor touches it");
	num(stage_count(spool->tmp), 0, "nothing is left over");
}

static void
thread(void)
{
	struct recover *r = recover_begin(spool);
	struct commit *c = commit_start(&store, r, 0);
	int got = 0, good = 0, ordered = 1;
	uintptr_t next = 1;
	char id[TRACE_ID];

	for (uintptr_t i = 1; i <= MANY; i++) {
		struct job *j;

		snprintf(id, sizeof(id), "T%d", (int)i);
		j = make(id, false);
		j->owner = (void *)i;
		commit_give(c, j);
	}
	while (got < MANY) {
		struct pollfd p = { .fd = commit_fd(c), .events = POLLIN };
		struct job *j, *after;

		if (poll(&p, 1, 20000) != 1)
			break;
		for (j = commit_done(c); j != NULL; j = after) {
			after = j->next;
			ordered &= (uintptr_t)j->owner == next++;
			snprintf(id, sizeof(id), "%s", j->entry->id);
			good += j->reply.code == 250 && whole(id);
			got++;
			unmake(j);
		}
	}
	num(got, MANY, "all come back");
	num(good, MANY, "durable and whole");
	ok(ordered, "in their order");
	commit_stop(c);
	recover_end(r);
}

static void
give(struct commit *c, const char *id)
{
	commit_give(c, make(id, false));
}

/* Takes back so many; how many came within so many ms. */
static int
take_back(struct commit *c, int want, int ms)
{
	struct pollfd p = { .fd = commit_fd(c), .events = POLLIN };
	struct job *j, *after;
	int got = 0;

	while (got < want && poll(&p, 1, ms) == 1)
		for (j = commit_done(c); j != NULL; j = after) {
			after = j->next;
			got += j->reply.code == 250;
			unmake(j);
		}
	return got;
}

/* Three at once: one is being synced, two wait. */
static void
crowd(struct commit *c, const char *name)
{
	char id[TRACE_ID];
	int before = batches();

	gate_close(true);
	for (int i = 0; i < 3; i++) {
		snprintf(id, sizeof(id), "%s%d", name, i);
		give(c, id);
		if (i == 0)
			gate_await(before + 1);
	}
	gate_close(false);
}

static void
alone(void)
{
	struct commit *c = commit_start(&store, NULL, HOUR);
	int before = batches(), got = 0;
	char id[TRACE_ID];

	for (int i = 0; i < 20; i++) {
		snprintf(id, sizeof(id), "ALONE%d", i);
		give(c, id);
		got += take_back(c, 1, 20000);
	}
	num(got, 20, "who sends alone does not wait");
	num(batches() - before, 20, "and has syncs of its own");
	commit_stop(c);
}

static void
together(void)
{
	struct commit *c = commit_start(&store, NULL, HOUR);
	int before = batches();

	crowd(c, "CROWD");
	num(take_back(c, 1, 20000), 1, "the first of three waits for nobody");
	num(take_back(c, 1, 100), 0, "the next two wait for one more");
	give(c, "CROWD3");
	num(take_back(c, 3, 20000), 3, "and do not when three are there");
	num(batches() - before, 2, "a sync for all of them");
	give(c, "CROWD4");
	give(c, "CROWD5");
	commit_stop(c);
	ok(whole("CROWD4") && whole("CROWD5"), "nobody waits at the end");
}

static void
crowd_is_gone(void)
{
	struct commit *c = commit_start(&store, NULL, 1);

	crowd(c, "GONE");
	num(take_back(c, 3, 20000), 3, "none waits longer than the delay");
	for (int i = 0; i < 3; i++) {
		char id[TRACE_ID];

		snprintf(id, sizeof(id), "LEFT%d", i);
		give(c, id);
		num(take_back(c, 1, 20000), 1, "who is left is served");
	}
	commit_stop(c);
}

/* The journal takes what it can; the rest of a batch becomes files. */
static void
both(void)
{
	struct journal *journal = journal_open(spool, 8 * 64 * 1024, 0);
	struct job *a = make("JA", false), *b = make("JB", true),
	    *c = make("JC", false);
	int files = stage_count(spool->queue);

	journal_start(journal);
	while (!journal_turn(journal))
		poll(NULL, 0, 1);
	store.journal = journal;
	a->next = b;
	b->next = c;
	while (c->held.len <= 16 * 1024)
		if (buf_adds(&c->held, "more text\n") != 0)
			ok(false, "text");
	store_batch(&store, a);
	ok(a->reply.code == 250 && b->reply.code == 250 &&
	    c->reply.code == 250, "all are queued");
	ok(a->entry->state == ENTRY_QUEUED && !queue_has(spool, "JA"),
	    "a small one in the journal");
	ok(whole("JB"), "a notice in a file");
	ok(whole("JC"), "and so is a large one");
	num(stage_count(spool->queue), files + 2, "no other name was made");
	unmake(a);
	unmake(b);
	unmake(c);
	/* Until nobody has made room. */
	files = stage_count(spool->queue);
	for (int i = 0; i < 1000 && stage_count(spool->queue) == files; i++) {
		char id[TRACE_ID];

		snprintf(id, sizeof(id), "JD%d", i);
		a = make(id, false);
		store_batch(&store, a);
		if (a->reply.code != 250)
			ok(false, id);
		unmake(a);
	}
	num(stage_count(spool->queue), files + 1, "a full one: files again");
	journal_close(journal);
	store.journal = NULL;
}

int
main(void)
{
	char scratch[256];

	stage_scratch(scratch, sizeof(scratch));
	stage_desk(&desk, scratch, "192.0.2.7");
	store.syncers = syncers_start(3);
	batch();
	notices();
	thread();
	alone();
	together();
	crowd_is_gone();
	both();
	syncers_stop(store.syncers);
	stage_desk_end(&desk);
	stage_clean(scratch);
	return done();
}

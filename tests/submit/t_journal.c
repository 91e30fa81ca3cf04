/*
 * journal: what is written is read again, after a crash at every byte, after
 * damage, and after a segment was used before; and when there is no room.
 */
#include "config.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/durable.h"
#include "lib/jfile.h"
#include "lib/log.h"
#include "lib/xalloc.h"
#include "submit/journal.h"
#include "tests/submit/stage.h"
#include "tests/tap.h"

#define SEGMENT (64 * 1024)
#define ALL (JFILE_SEGMENTS * SEGMENT)
#define MOST 64

static struct desk desk;
static struct spool *const spool = &desk.spool;

/* What a walk through a segment found. */
struct seen {
	int n, good, damaged;
	char id[MOST][TRACE_ID];
};

static int
open_in(const char *name, int flags)
{
	return openat(spool->journal, name, flags | O_CLOEXEC);
}

static bool
there(const char *name)
{
	struct stat st;

	return fstatat(spool->journal, name, &st, 0) == 0;
}

static bool
appears(const char *name)
{
	int64_t end = clock_ms() + 20000;

	while (!there(name) && clock_ms() < end)
		poll(NULL, 0, 1);
	return there(name);
}

static void
clear(void)
{
	char name[JFILE_NAME];

	for (size_t i = 0; i < JFILE_SEGMENTS; i++) {
		jfile_segment_name(name, i);
		unlinkat(spool->journal, name, 0);
	}
	unlinkat(spool->journal, JFILE_ENDS, 0);
	unlinkat(spool->journal, JFILE_FREED, 0);
}

static struct journal *
start(void)
{
	struct journal *j = journal_open(spool, ALL, 0);
	int64_t end = clock_ms() + 20000;

	if (j == NULL)
		return NULL;
	journal_start(j);
	while (!journal_turn(j) && clock_ms() < end)
		poll(NULL, 0, 1);
	if (clock_ms() >= end)
		ok(false, "a segment is made");
	return j;
}

static struct buf
entry_of(const char *id, size_t len, size_t *header_r)
{
	struct qfile_recipient to = { .channel = "local",
		.host = "example.org", .address = "user@example.org",
		.mailbox = "example.org/user", .original = "x@example.org" };
	struct buf b;

	buf_init(&b, 2 * SEGMENT);
	if (qfile_begin(&b) != 0 || qfile_put(&b, QFILE_ID, id) != 0 ||
	    qfile_put_number(&b, QFILE_TIME, 1) != 0 ||
	    qfile_put(&b, QFILE_SENDER, "") != 0 ||
	    qfile_put_recipient(&b, &to) != 0 || qfile_end_header(&b) != 0)
		ok(false, "an entry");
	*header_r = b.len;
	for (size_t i = 0; i < len; i++)
		if (buf_addc(&b, "text\n"[i % 5]) != 0)
			ok(false, "its text");
	return b;
}

static bool
add(struct journal *j, const char *id, size_t len)
{
	size_t header;
	struct buf b = entry_of(id, len, &header);
	bool result = journal_add(j, id, b.p, b.len, header) ||
	    (journal_turn(j) && journal_add(j, id, b.p, b.len, header));

	buf_free(&b);
	return result;
}

/* Once the next segment is there. */
static bool
add_soon(struct journal *j, const char *id, size_t len)
{
	int64_t end = clock_ms() + 20000;

	while (!add(j, id, len)) {
		if (clock_ms() > end)
			return false;
		poll(NULL, 0, 1);
	}
	return true;
}

static int
commit(struct journal *j)
{
	const char *step;

	return journal_commit(j, &step);
}

static void
see(int fd, const struct jrecord *r, struct seen *s)
{
	char *p = jfile_read(fd, r->at + JFILE_HEAD, r->length);
	struct qfile q;
	const char *why;

	if (s->n < MOST)
		memcpy(s->id[s->n++], r->id, TRACE_ID);
	if (p != NULL && qfile_parse(p, (size_t)r->length, &q, &why) == 0) {
		s->good += strcmp(q.id, r->id) == 0;
		qfile_free(&q);
	}
	free(p);
}

/* As deliver does: up to what ends says. */
static struct seen
walk(size_t number)
{
	struct seen s = { .n = 0 };
	struct jsegment h;
	struct jrecord r;
	struct jslot end;
	struct jwalk w;
	enum jstep step;
	char name[JFILE_NAME];
	int fd, ends = open_in(JFILE_ENDS, O_RDONLY);

	jfile_segment_name(name, number);
	fd = open_in(name, O_RDONLY);
	if (jfile_get_segment(fd, number, &h) == 1 &&
	    jfile_get_slot(ends, number, &end) == 0 &&
	    end.generation == h.generation) {
		jfile_walk(&w, fd, &h, end.end);
		while ((step = jfile_step(&w, &r)) != JSTEP_END &&
		    step != JSTEP_ERROR) {
			s.damaged += step == JSTEP_DAMAGED;
			if (step == JSTEP_RECORD)
				see(fd, &r, &s);
		}
	}
	close(fd);
	close(ends);
	return s;
}

static bool
has(const struct seen *s, const char *id)
{
	for (int i = 0; i < s->n; i++)
		if (strcmp(s->id[i], id) == 0)
			return true;
	return false;
}

static void
forget_ends(void)
{
	unlinkat(spool->journal, JFILE_ENDS, 0);
}

static void
simple(void)
{
	struct journal *j = start();
	struct seen s;

	ok(add(j, "A1", 10) && add(j, "A2", 5000), "two are added");
	s = walk(0);
	num(s.n, 0, "nobody sees them before the commit");
	num(commit(j), 0, "commit");
	s = walk(0);
	ok(s.n == 2 && s.good == 2 && s.damaged == 0, "both are there, whole");
	ok(add(j, "A3", 1) && commit(j) == 0, "one more");
	journal_close(j);
	s = walk(0);
	ok(s.n == 3 && s.good == 3, "three");
	j = start();
	ok(add(j, "A4", 100) && commit(j) == 0, "after a restart");
	s = walk(0);
	ok(s.n == 4 && s.good == 4 && has(&s, "A1") && has(&s, "A4"),
	    "it goes on in the same segment");
	ok(appears("s01"), "another segment is made ahead");
	ok(!there("s02"), "and no third one");
	journal_close(j);
	forget_ends();
	s = walk(0);
	num(s.n, 0, "without ends nothing is known");
	journal_close(start());
	s = walk(0);
	ok(s.n == 4 && s.good == 4, "recovery finds all of it");
	clear();
}

static unsigned char *
slurp(const char *name, size_t *len_r)
{
	unsigned char *p = xmalloc(SEGMENT);
	int fd = open_in(name, O_RDONLY);
	ssize_t n = pread(fd, p, SEGMENT, 0);

	close(fd);
	*len_r = n < 0 ? 0 : (size_t)n;
	return p;
}

static void
spill(const char *name, const unsigned char *p, size_t len)
{
	int fd = open_in(name, O_WRONLY);

	if (pwrite(fd, p, len, 0) != (ssize_t)len)
		ok(false, "pwrite");
	close(fd);
}

/* The second batch is cut after n bytes; then mail goes on. */
static bool
cut_at(const unsigned char *whole, size_t from, size_t n, size_t *kept_r)
{
	unsigned char *p = xcalloc(1, SEGMENT);
	struct journal *j;
	struct seen s;
	bool good;

	memcpy(p, whole, from + n);
	spill("s00", p, SEGMENT);
	free(p);
	forget_ends();
	j = journal_open(spool, ALL, 0);
	s = walk(0);
	*kept_r = (size_t)s.n - 2;
	good = s.n == s.good && s.damaged == 0 && has(&s, "T1") &&
	    has(&s, "T2") && s.n <= 4 && add_soon(j, "NEW", n % 700) &&
	    commit(j) == 0;
	journal_close(j);
	s = walk(0);
	good = good && (size_t)s.n == *kept_r + 3 && s.n == s.good &&
	    has(&s, "NEW");
	forget_ends();
	journal_close(journal_open(spool, ALL, 0));
	s = walk(0);
	return good && (size_t)s.n == *kept_r + 3 && s.good == s.n;
}

static void
torn(void)
{
	struct journal *j = start();
	size_t len, from = 0, to, kept, last = 0, wrong = 0, steps = 0;
	unsigned char *whole, *p;

	ok(add(j, "T1", 100) && add(j, "T2", 200) && commit(j) == 0, "a batch");
	p = slurp("s00", &len);
	for (size_t i = JFILE_BLOCK; i < len; i++)
		if (p[i] != 0)
			from = i;
	free(p);
	from = jfile_next_block(from);
	ok(add(j, "T3", 150) && add(j, "T4", 250) && commit(j) == 0, "another");
	journal_close(j);
	whole = slurp("s00", &len);
	for (to = len; whole[to - 1] == 0;)
		to--;
	for (size_t n = 0; n <= to - from; n++, steps++) {
		bool good = cut_at(whole, from, n, &kept);

		/* What is lost is the end of it, never the beginning. */
		wrong += !good || kept < last;
		last = kept;
	}
	num(wrong, 0, "cut at every byte: what came before is whole");
	ok(steps > 800 && last == 2, "uncut, all is there");
	/* A whole block of the batch never reached the disk. */
	memset(whole + from, 0, 96);
	ok(cut_at(whole, from, to - from, &kept) && kept == 0,
	    "its beginning is lost: none of it is taken");
	free(whole);
	clear();
}

static void
flips(void)
{
	struct journal *j = start();
	unsigned char *p;
	size_t len, wrong = 0;
	struct seen s;

	ok(add(j, "F1", 40) && add(j, "F2", 40) && add(j, "F3", 40) &&
	    commit(j) == 0, "three");
	journal_close(j);
	p = slurp("s00", &len);
	for (size_t i = JFILE_BLOCK; i < JFILE_BLOCK + 900; i++) {
		p[i] ^= 1 << i % 8;
		spill("s00", p, len);
		s = walk(0);
		/* At most one is not read, and none is read wrong. */
		wrong += s.good < 2 || s.n > 3;
		p[i] ^= 1 << i % 8;
	}
	num(wrong, 0, "a flipped bit: two of three are read");
	p[JFILE_BLOCK + 20] ^= 1;
	spill("s00", p, len);
	j = start();
	ok(add_soon(j, "F4", 40) && commit(j) == 0, "mail goes on");
	s = walk(0);
	ok(s.n == 2 && s.damaged == 1 && has(&s, "F3"),
	    "damage is seen, and what follows is read");
	s = walk(1);
	ok(s.n == 1 && has(&s, "F4"), "in another segment");
	journal_close(j);
	p[JFILE_BLOCK + 20] ^= 1;
	p[9] ^= 1;
	spill("s00", p, len);
	journal_close(journal_open(spool, ALL, 0));
	/* Its place may be taken by a new one already. */
	num(stage_count(spool->bad), 1,
	    "a segment without a good head is set aside");
	free(p);
	clear();
}

static void
free_segment(size_t number)
{
	int ends = open_in(JFILE_ENDS, O_RDONLY);
	int freed = open_in(JFILE_FREED, O_RDWR);
	struct jslot s;

	if (jfile_get_slot(ends, number, &s) != 0 || !s.closed ||
	    jfile_put_slot(freed, number, &s) != 0)
		ok(false, "a segment is closed and can be freed");
	close(ends);
	close(freed);
}

static void
again(void)
{
	struct journal *j = start();
	char id[TRACE_ID], name[JFILE_NAME];
	int n = 0, turns = 0;
	struct stat st;
	struct seen s;

	for (size_t i = 0; i < JFILE_SEGMENTS; i++) {
		jfile_segment_name(name, i);
		ok(appears(name), name);
		/* Three of them fill one. */
		for (int k = 0; k < 3; k++) {
			snprintf(id, sizeof(id), "O%d", n++);
			if (!add_soon(j, id, 15000) || commit(j) != 0)
				ok(false, id);
		}
	}
	ok(!add(j, "NONE", 15000), "then there is no room");
	ok(!add(j, "NONE", 15000), "nor has anybody made some");
	s = walk(7);
	ok(s.n == 3 && s.good == 3, "the last one is full");
	journal_close(j);
	free_segment(3);
	j = start();
	ok(add(j, "FRESH", 10) && commit(j) == 0, "one is free: it is used");
	s = walk(3);
	ok(s.n == 1 && s.good == 1 && has(&s, "FRESH"),
	    "nothing of its earlier use is seen");
	journal_close(j);
	forget_ends();
	j = start();
	s = walk(3);
	ok(s.n == 1 && has(&s, "FRESH"), "nor by recovery");
	s = walk(0);
	ok(s.n == 3 && s.good == 3, "which finds the others");
	while (turns < 9 && journal_turn(j))
		turns++;
	journal_close(j);
	free_segment(3);
	j = journal_open(spool, 2 * ALL, 0);
	ok(j != NULL && fstatat(spool->journal, "s03", &st, 0) == 0 &&
	    st.st_size == 2 * SEGMENT,
	    "another size: what is free is made anew");
	journal_close(j);
	ok(journal_open(spool, 0, 0) == NULL && there("s00"),
	    "no journal is wanted: what holds mail stays");
	clear();
}

static void
failing(void)
{
	struct journal *j = start();
	struct rlimit was, now;
	struct seen s;

	sigaction(SIGXFSZ, &(struct sigaction){ .sa_handler = SIG_IGN }, NULL);
	ok(add(j, "G1", 10) && commit(j) == 0, "one is good");
	ok(add(j, "G2", 10) && add(j, "G3", 9000), "two are added");
	getrlimit(RLIMIT_FSIZE, &was);
	now = was;
	now.rlim_cur = 3 * JFILE_BLOCK;
	setrlimit(RLIMIT_FSIZE, &now);
	errno = 0;
	ok(commit(j) == -1 && errno == EFBIG, "and cannot be written");
	setrlimit(RLIMIT_FSIZE, &was);
	s = walk(0);
	ok(s.n == 1 && s.good == 1, "none of them is there");
	ok(appears("s01") && add_soon(j, "G4", 10) && commit(j) == 0,
	    "mail goes on elsewhere");
	journal_close(j);
	forget_ends();
	journal_close(start());
	s = walk(0);
	ok(s.n == 1 && has(&s, "G1"), "recovery takes them for nothing");
	s = walk(1);
	ok(s.n == 1 && has(&s, "G4"), "and the rest for what it is");
	clear();
}

static void
locked(void)
{
	struct journal *a = start(), *b;
	struct seen s;

	ok(add(a, "L1", 10) && commit(a) == 0, "one submit writes");
	ok(appears("s01"), "a second segment");
	b = start();
	ok(add(b, "L2", 10) && commit(b) == 0, "and another one");
	ok(add(a, "L3", 10) && commit(a) == 0, "and the first again");
	s = walk(0);
	ok(s.n == 2 && has(&s, "L1") && has(&s, "L3"), "each in its own");
	s = walk(1);
	ok(s.n == 1 && has(&s, "L2"), "segment");
	journal_close(a);
	journal_close(b);
	clear();
}

int
main(void)
{
	char scratch[256];

	stage_scratch(scratch, sizeof(scratch));
	stage_desk(&desk, scratch, "192.0.2.7");
	log_level_set(LEVEL_ERROR);
	simple();
	torn();
	flips();
	again();
	failing();
	locked();
	stage_desk_end(&desk);
	stage_clean(scratch);
	return done();
}

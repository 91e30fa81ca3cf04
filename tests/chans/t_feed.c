/*
 * feed: what submit's journal has announced is told once, with its marks, and
 * again after a restart unless it is done; a segment whose entries are all
 * done is given back, and not before.
 */
#include "config.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "chans/feed.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/qfile.h"
#include "submit/journal.h"
#include "tests/chans/scratch.h"
#include "tests/tap.h"

#define SIZE (8 * 64 * 1024)
#define MOST 16

static struct spool spool;
static struct feed feed;
static struct {
	int n;
	char id[MOST][TRACE_ID];
	struct place place[MOST];
	size_t marks[MOST];
} told;

static bool
found(void *ctx, const char *id, const struct place *p, struct mark *mark,
    size_t n)
{
	(void)ctx;
	if (told.n == MOST)
		exit(70);
	memcpy(told.id[told.n], id, TRACE_ID);
	told.marks[told.n] = n;
	told.place[told.n++] = *p;
	free(mark);
	return true;
}

static void
look(bool mine)
{
	told.n = 0;
	if (!feed.open && feed_open(&feed, spool.journal, spool.bad, mine) != 0)
		ok(false, "feed_open");
	feed.found = found;
	feed_look(&feed);
}

static struct journal *
journal(void)
{
	struct journal *j = journal_open(&spool, SIZE, 0);
	int64_t end = clock_ms() + 20000;

	journal_start(j);
	while (!journal_turn(j) && clock_ms() < end)
		poll(NULL, 0, 1);
	return j;
}

static void
put(struct journal *j, const char *id, size_t len)
{
	char *text = calloc(1, len);
	const char *step;

	if (!journal_add(j, id, text, len, 0) || journal_commit(j, &step) != 0)
		ok(false, id);
	free(text);
}

static bool
is_free(size_t number)
{
	int fd = openat(spool.journal, JFILE_FREED, O_RDONLY);
	struct jslot s;
	bool result = jfile_get_slot(fd, number, &s) == 0 && s.generation != 0;

	close(fd);
	return result;
}

static void
telling(struct journal *j)
{
	struct mark m = { .recipient = 3, .state = MARK_LATER };

	look(false);
	num(told.n, 0, "an empty journal");
	feed_close(&feed);
	look(true);
	put(j, "A", 100);
	put(j, "B", 9000);
	look(true);
	ok(told.n == 2 && strcmp(told.id[0], "A") == 0 &&
	    strcmp(told.id[1], "B") == 0 && told.place[1].length == 9032,
	    "two entries, in their order");
	look(true);
	num(told.n, 0, "each is told once");
	put(j, "C", 1);
	look(true);
	ok(told.n == 1 && feed_save(&feed, &told.place[0], "C", &m) == 0 &&
	    feed_sync(&feed, &told.place[0]) == 0, "a third one, and a mark");
	feed_close(&feed);
	look(false);
	ok(told.n == 3 && told.marks[0] == 0 && told.marks[2] == 1,
	    "whoever looks sees all, and the mark");
	ok(feed_fd(&feed, &told.place[0]) != -1, "and where it is");
	feed_close(&feed);
	look(true);
	num(told.n, 3, "so does the next deliver");
	feed_done(&feed, &told.place[1], "B");
	feed_settle(&feed);
	feed_close(&feed);
	look(true);
	ok(told.n == 2 && strcmp(told.id[1], "C") == 0, "but not what is done");
}

static void
giving_back(struct journal *j)
{
	struct place a = told.place[0], c = told.place[1], d;
	int64_t end = clock_ms() + 20000;

	feed_done(&feed, &a, "A");
	feed_done(&feed, &c, "C");
	feed_settle(&feed);
	ok(!is_free(0), "one that submit writes to is not free");
	put(j, "D", 40);
	look(true);
	d = told.place[0];
	while (!journal_turn(j) && clock_ms() < end)
		poll(NULL, 0, 1);
	look(true);
	feed_settle(&feed);
	ok(!is_free(0), "nor one with an entry that is not done");
	ok(!feed_pressed(&feed), "there is another one");
	feed_done(&feed, &d, "D");
	feed_settle(&feed);
	ok(is_free(0), "all are done: it is");
	put(j, "E", 15000);
	look(true);
	num(told.place[0].segment, 1, "the next one has the next entry");
	while (told.place[0].segment != 0 && clock_ms() < end) {
		if (!journal_turn(j))
			continue;
		put(j, "F", 20);
		look(true);
	}
	ok(told.n == 1 && strcmp(told.id[0], "F") == 0,
	    "in its next use only what is new is told");
	num(feed_fd(&feed, &d), -1, "what was there is not found any more");
	ok(told.place[0].generation > d.generation, "it has a new number");
}

static void
damaged(void)
{
	int fd = openat(spool.journal, "s00", O_RDWR);
	struct stat st;
	char name[80];

	if (pwrite(fd, "x", 1, (off_t)told.place[0].at + 20) != 1)
		exit(71);
	snprintf(name, sizeof(name), "s00-%" PRIu64 "-%" PRIu64,
	    told.place[0].generation, told.place[0].at);
	feed_close(&feed);
	look(true);
	ok(fstatat(spool.bad, name, &st, 0) == 0 && st.st_size == 4096,
	    "what is no record is kept for people");
	close(fd);
}

int
main(void)
{
	struct journal *j;
	char path[SCRATCH_PATH];
	struct buf why;

	log_level_set(LEVEL_ERROR);
	buf_init(&why, 1000);
	close(scratch_open(path));
	if (spool_open(&spool, path, &why) != 0) {
		printf("Bail out! %s\n", buf_str(&why));
		return 1;
	}
	j = journal();
	telling(j);
	giving_back(j);
	damaged();
	journal_close(j);
	feed_close(&feed);
	spool_close(&spool);
	scratch_remove(path);
	return done();
}

/*
 * jmarks: what was appended is found again, by place and identifier, of this
 * generation alone, whatever was torn.
 */
#include "config.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "chans/jmarks.h"
#include "tests/chans/scratch.h"
#include "tests/tap.h"

#define ONE "0123456789ABCDEFGHJK"
#define TWO "0123456789ABCDEFGHJM"

static int dir;

static struct jmarks
opened(uint64_t generation, bool write)
{
	struct jmarks m;

	if (jmarks_open(&m, dir, 4, generation, write) != 0)
		ok(false, "m04 opens");
	return m;
}

/* -1 done, else how many marks. */
static int
find(const struct jmarks *m, uint64_t at, const char *id, int *state_r)
{
	struct mark *mark;
	size_t n;

	if (jmarks_find(m, at, id, &mark, &n))
		return -1;
	*state_r = n == 0 ? 0 : mark[n - 1].state;
	free(mark);
	return (int)n;
}

static void
simple(void)
{
	struct mark mark = { .recipient = 2, .state = MARK_LATER };
	struct jmarks m = opened(7, false);
	int state;

	ok(m.fd == -1, "nothing is made by who only looks");
	jmarks_close(&m);
	m = opened(7, true);
	ok(jmarks_add(&m, 4096, ONE, &mark) == 0 &&
	    jmarks_done(&m, 8192, TWO) == 0, "two records");
	mark.state = MARK_DELIVERED;
	ok(jmarks_add(&m, 4096, ONE, &mark) == 0 && m.dirty &&
	    jmarks_sync(&m) == 0 && !m.dirty, "a third one, synced");
	jmarks_close(&m);
	m = opened(7, true);
	ok(find(&m, 4096, ONE, &state) == 2 && state == MARK_DELIVERED,
	    "marks, the last one last");
	num(find(&m, 8192, TWO, &state), -1, "done");
	num(find(&m, 8192, ONE, &state), 0, "but not who has another name");
	num(find(&m, 4128, ONE, &state), 0, "nor another place");
	jmarks_forget(&m);
	ok(jmarks_done(&m, 4096, ONE) == 0, "appended");
	jmarks_close(&m);
	m = opened(7, false);
	num(find(&m, 4096, ONE, &state), -1, "behind what was there");
	num(find(&m, 8192, TWO, &state), -1, "which is there still");
	jmarks_close(&m);
}

static void
again(void)
{
	struct jmarks m = opened(8, true);
	int state;

	num(find(&m, 8192, TWO, &state), 0, "another generation: nothing");
	ok(m.tail == 0 && jmarks_done(&m, 4096, TWO) == 0, "it begins anew");
	jmarks_close(&m);
	m = opened(8, false);
	num(find(&m, 4096, TWO, &state), -1, "it is found");
	num(find(&m, 8192, TWO, &state), 0, "and nothing of the one before");
	jmarks_close(&m);
}

/* Each byte of three records flipped: the other two are found. */
static void
damage(void)
{
	struct mark mark = { .recipient = 1, .state = MARK_FAILED };
	struct jmarks m = opened(9, true);
	int fd = openat(dir, "m04", O_RDWR | O_CLOEXEC), state, wrong = 0;
	unsigned char byte;

	ok(jmarks_done(&m, 32, ONE) == 0 &&
	    jmarks_add(&m, 64, TWO, &mark) == 0 &&
	    jmarks_done(&m, 96, ONE) == 0, "three");
	jmarks_close(&m);
	for (off_t i = 0; i < 32 + 288 + 32; i++) {
		int found = 0;

		if (pread(fd, &byte, 1, i) != 1)
			exit(71);
		byte ^= 0x10;
		if (pwrite(fd, &byte, 1, i) != 1)
			exit(71);
		m = opened(9, false);
		found += find(&m, 32, ONE, &state) == -1;
		found += find(&m, 64, TWO, &state) == 1;
		found += find(&m, 96, ONE, &state) == -1;
		wrong += found != 2;
		jmarks_close(&m);
		byte ^= 0x10;
		if (pwrite(fd, &byte, 1, i) != 1)
			exit(71);
	}
	num(wrong, 0, "a flipped bit costs its record, and no other");
	close(fd);
}

int
main(void)
{
	char path[SCRATCH_PATH];

	dir = scratch_open(path);
	simple();
	again();
	damage();
	scratch_remove(path);
	return done();
}

/*
 * jfile: heads and slots are what was put, and nothing else is.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/digest.h"
#include "lib/jfile.h"
#include "lib/qfile.h"
#include "tests/tap.h"

static int
memory(void)
{
	int fd = memfd_create("jfile", MFD_CLOEXEC);

	if (fd == -1 || ftruncate(fd, 16 * JFILE_BLOCK) != 0)
		exit(71);
	return fd;
}

static void
segments(void)
{
	struct jsegment s = { .number = 3, .generation = 9,
		.size = 16 * JFILE_BLOCK, .random = 77 }, got;
	unsigned char p[JFILE_BLOCK];
	int fd = memory(), wrong = 0;

	num(jfile_get_segment(fd, 3, &got), 0, "zeros: never used");
	jfile_put_segment(p, &s);
	num(pwrite(fd, p, sizeof(p), 0), sizeof(p), "its head");
	num(jfile_get_segment(fd, 3, &got), 1, "is read");
	ok(got.generation == 9 && got.size == s.size && got.random == 77 &&
	    got.sum == s.sum, "as it was");
	errno = 1;
	ok(jfile_get_segment(fd, 4, &got) == -1 && errno == 0,
	    "another one's name is damage");
	for (size_t i = 0; i < 48 * 8; i++) {
		p[i / 8] ^= 1 << i % 8;
		if (pwrite(fd, p, sizeof(p), 0) != (ssize_t)sizeof(p))
			exit(71);
		wrong += jfile_get_segment(fd, 3, &got) != -1;
		p[i / 8] ^= 1 << i % 8;
	}
	num(wrong, 0, "so is each flipped bit");
	if (ftruncate(fd, 100) != 0)
		exit(71);
	ok(jfile_get_segment(fd, 3, &got) == -1 && errno == ENODATA,
	    "and a short file is an error");
	close(fd);
}

static void
slots(void)
{
	struct jslot s = { .generation = 5, .end = 8192, .closed = true }, got;
	unsigned char p[JFILE_SLOT];
	int fd = memory(), wrong = 0;

	ok(jfile_get_slot(fd, 2, &got) == 0 && got.generation == 0,
	    "zeros: never used");
	ok(jfile_put_slot(fd, 2, &s) == 0 && jfile_get_slot(fd, 2, &got) == 0 &&
	    got.generation == 5 && got.end == 8192 && got.closed, "a slot");
	ok(jfile_get_slot(fd, 1, &got) == 0 && got.generation == 0,
	    "is that one alone");
	num(pread(fd, p, sizeof(p), 2 * JFILE_SLOT), sizeof(p), "its bytes");
	for (size_t i = 0; i < 8 * sizeof(p); i++) {
		p[i / 8] ^= 1 << i % 8;
		if (pwrite(fd, p, sizeof(p), 2 * JFILE_SLOT) !=
		    (ssize_t)sizeof(p))
			exit(71);
		wrong += jfile_get_slot(fd, 2, &got) != 0 ||
		    got.generation != 0;
		p[i / 8] ^= 1 << i % 8;
	}
	num(wrong, 0, "a flipped bit: as if there was none");
	if (ftruncate(fd, 2 * JFILE_SLOT + 5) != 0)
		exit(71);
	ok(jfile_get_slot(fd, 2, &got) == 0 && got.generation == 0,
	    "nor is a part of one taken");
	close(fd);
	ok(jfile_get_slot(fd, 2, &got) == -1, "an error is one");
}

static void
places(void)
{
	char name[JFILE_NAME];

	jfile_segment_name(name, 7);
	is(name, "s07", "a segment's name");
	num(jfile_after(4096, 1), 4096 + 128, "records begin at 32s");
	num(jfile_after(4096, 32), 4096 + 128, "without a gap where none is");
	num(jfile_next_block(4097), 8192, "batches at blocks");
	num(jfile_next_block(8192), 8192, "at this one, if it is one");
}

/* A record with a text, behind one whose sum was before; its own sum. */
static uint64_t
put_record(int fd, uint64_t at, uint64_t generation, uint64_t before)
{
	unsigned char p[JFILE_HEAD + 8 + QFILE_TRAILER];
	struct jrecord r = { .generation = generation, .at = at,
		.length = 8 + QFILE_TRAILER, .before = before,
		.digest = digest_of("headtext", 8), .id = "ID" };

	r.next = jfile_next_block(jfile_after(at, r.length));
	jfile_put_record(p, &r);
	memcpy(p + JFILE_HEAD, "headtext", 8);
	qfile_trailer(p + JFILE_HEAD + 8, 4, 4, r.digest);
	if (pwrite(fd, p, sizeof(p), (off_t)at) != (ssize_t)sizeof(p))
		exit(71);
	return r.sum;
}

/* How many records follow what was announced. */
static int
unannounced(int fd, const struct jsegment *s)
{
	struct jrecord r;
	struct jwalk w;
	int n = 0;

	jfile_walk(&w, fd, s, JFILE_BLOCK);
	while (jfile_more(&w, &r))
		n++;
	return n;
}

static void
chain(void)
{
	struct jsegment s = { .number = 3, .generation = 9,
		.size = 16 * JFILE_BLOCK, .random = 77 };
	unsigned char p[JFILE_BLOCK], byte;
	const off_t second = 2 * JFILE_BLOCK;
	int fd = memory(), wrong = 0;
	uint64_t sum;

	if (ftruncate(fd, (off_t)s.size) != 0)
		exit(71);
	jfile_put_segment(p, &s);
	sum = put_record(fd, JFILE_BLOCK, 9, s.sum);
	put_record(fd, (uint64_t)second, 9, sum);
	num(unannounced(fd, &s), 2, "two records that nobody announced");
	put_record(fd, (uint64_t)second, 9, sum + 1);
	num(unannounced(fd, &s), 1, "one behind another record: of a batch "
	    "that was taken back");
	put_record(fd, (uint64_t)second, 8, sum);
	num(unannounced(fd, &s), 1, "one of an earlier use");
	put_record(fd, (uint64_t)second, 9, sum);
	for (off_t i = 0; i < JFILE_HEAD + 8 + QFILE_TRAILER; i++) {
		if (pread(fd, &byte, 1, second + i) != 1)
			exit(71);
		byte ^= 0x10;
		if (pwrite(fd, &byte, 1, second + i) != 1)
			exit(71);
		wrong += unannounced(fd, &s) != 1;
		byte ^= 0x10;
		if (pwrite(fd, &byte, 1, second + i) != 1)
			exit(71);
	}
	num(wrong, 0, "one with any byte flipped");
	close(fd);
}

int
main(void)
{
	segments();
	slots();
	chain();
	places();
	return done();
}

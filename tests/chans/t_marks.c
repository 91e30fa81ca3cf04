/*
 * t_marks - records survive, damage and torn tails do not spread.
 */
#include "config.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "chans/marks.h"
#include "tests/chans/scratch.h"
#include "tests/tap.h"

#define ID "0A1B2C3D4E5F6G7H8J9K"

static char place[SCRATCH_PATH];
static int dir;

static struct mark
make(uint32_t recipient, enum mark_state state)
{
	struct mark m = { .recipient = recipient, .state = (uint8_t)state,
	    .tries = 3, .group = MARK_ALONE, .when = 1234567890123456LL };

	snprintf(m.code, sizeof m.code, "4.2.2");
	snprintf(m.text, sizeof m.text, "mailbox %u full", recipient);
	return m;
}

static void
append(const struct mark *m, int n)
{
	int fd, made, i;

	fd = marks_open(dir, ID, &made);
	for (i = 0; i < n; i++) {
		if (marks_append(fd, ID, &m[i]) == -1)
			ok(false, "append");
	}
	close(fd);
}

static void
one_record(void)
{
	struct mark m = make(1, MARK_LATER), got[2 + 1];
	unsigned char p[MARK_SIZE];
	size_t i, bad, taken = 0;
	int fd;

	append(&m, 1);
	num(marks_read(dir, ID, got, 2, &bad), 0, "one record");
	num(got[1].recipient, 1, "recipient");
	num(got[1].state, MARK_LATER, "state");
	num(got[1].tries, 3, "tries");
	num(got[1].group, MARK_ALONE, "group");
	num(got[1].when, 1234567890123456LL, "when");
	is(got[1].code, "4.2.2", "code");
	is(got[1].text, "mailbox 1 full", "text");
	fd = openat(dir, ID, O_RDWR);
	num(pread(fd, p, sizeof p, 0), MARK_SIZE, "its size");
	for (i = 0; i < MARK_SIZE; i++) {
		p[i] ^= 0x10;
		if (pwrite(fd, p, sizeof p, 0) != MARK_SIZE ||
		    marks_read(dir, ID, got, 2, &bad) != 0 || bad != 1 ||
		    got[1].state != MARK_NONE)
			taken++;
		p[i] ^= 0x10;
	}
	num(taken, 0, "a wrong bit anywhere is seen");
	close(fd);
	num(renameat(dir, ID, dir, "ZZZZZZZZZZZZZZZZZZZZ"), 0, "renamed");
	num(marks_read(dir, "ZZZZZZZZZZZZZZZZZZZZ", got, 2, &bad), 0, "and");
	num(bad, 1, "another entry's record is none");
}

static void
a_file(void)
{
	struct mark m[3] = { make(0, MARK_LATER), make(2, MARK_DELIVERED),
	    make(0, MARK_DELIVERED) }, got[3 + 1];
	size_t bad;
	int fd, made;

	num(marks_read(dir, ID, got, 3, &bad), 0, "no file");
	num(got[0].state, MARK_NONE, "is no marks");
	fd = marks_open(dir, ID, &made);
	num(made, 1, "made at the first");
	close(fd);
	append(m, 3);
	num(marks_read(dir, ID, got, 3, &bad), 0, "three records");
	num(bad, 0, "none bad");
	num(got[0].state, MARK_DELIVERED, "the last one of a recipient holds");
	num(got[1].state, MARK_NONE, "one without a record");
	num(got[1].recipient, 1, "has its number");
	num(got[2].state, MARK_DELIVERED, "the third");
	num(marks_read(dir, ID, got, 2, &bad), 0, "fewer recipients");
	num(bad, 1, "a record of none of them is bad");
}

static void
torn(void)
{
	struct mark m = make(1, MARK_NEVER), got[3 + 1];
	struct stat st;
	size_t bad;
	int fd, made;

	fd = openat(dir, ID, O_WRONLY | O_APPEND);
	num(write(fd, "torn", 4), 4, "a torn tail");
	close(fd);
	num(marks_read(dir, ID, got, 3, &bad), 0, "is read over");
	num(bad, 1, "and counted");
	num(got[2].state, MARK_DELIVERED, "the others are there");
	append(&m, 1);
	num(marks_read(dir, ID, got, 3, &bad), 0, "appending mends it");
	num(bad, 0, "nothing bad is left");
	num(got[1].state, MARK_NEVER, "the new one is there");

	fd = openat(dir, ID, O_WRONLY);
	num(pwrite(fd, "XX", 2, MARK_SIZE + 40), 2, "a damaged record");
	close(fd);
	num(marks_read(dir, ID, got, 3, &bad), 0, "in the middle");
	num(bad, 1, "is counted");
	num(got[0].state, MARK_DELIVERED, "and loses none behind it");
	num(got[2].state, MARK_NONE, "but itself");
	fd = marks_open(dir, ID, &made);
	num(made, 0, "not made again");
	num(fstat(fd, &st), 0, "stat");
	num(st.st_size, 4 * MARK_SIZE, "whole records");
	close(fd);
}

/* What the entry itself is marked with, and what is owed. */
static void
whole(void)
{
	struct mark m[] = { { .recipient = MARK_WHOLE, .state = MARK_HELD,
	    .when = 5 }, { .recipient = MARK_WHOLE, .state = MARK_DELIVERED },
	    { .recipient = 0, .state = MARK_HELD },
	    { .recipient = 0, .state = MARK_LATER, .flags = MARK_SAID,
	    .group = 0, .warned = 1700000000, .warning = 1700000100 } },
	    got[2 + 1];
	const char *id = "0000000000000000000W";
	unsigned char p[MARK_SIZE];
	size_t bad;
	int fd, made;

	fd = marks_open(dir, id, &made);
	ok(fd != -1 && marks_append(fd, id, &m[0]) == 0, "held");
	num(marks_read(dir, id, got, 2, &bad), 0, "read");
	num(bad, 0, "it is no damage");
	ok(got[2].state == MARK_HELD && got[2].when == 5, "behind the others");
	num(got[0].group, MARK_ALONE, "those have no group");
	ok(marks_quiet(dir, id), "nothing is owed for it");
	for (size_t i = 1; i < 3; i++) {
		marks_put(&m[i], id, p);
		num(marks_get(p, id, &got[0]), -1, "a state for the other");
	}
	num(marks_append(fd, id, &m[3]), 0, "a warning");
	num(marks_read(dir, id, got, 2, &bad), 0, "read");
	ok(got[0].warned == 1700000000 && got[0].warning == 1700000100 &&
	    got[0].flags == MARK_SAID, "warnings and flags");
	ok(marks_owe(&got[0]) && !marks_quiet(dir, id), "it is owed");
	got[0].warning = 0;
	ok(!marks_owe(&got[0]), "and no more");
	got[0].state = MARK_SUCCESS;
	ok(marks_owe(&got[0]), "as a success in a group is");
	got[0].group = MARK_ALONE;
	ok(!marks_owe(&got[0]), "but not one in none yet");
	got[0].flags = MARK_EXPANDING;
	ok(marks_owe(&got[0]), "and an alias");
	ok(!marks_quiet(dir, "0000000000000000000X"), "no file: look");
	close(fd);
}

int
main(void)
{
	dir = scratch_open(place);
	one_record();
	a_file();
	torn();
	whole();
	scratch_remove(place);
	return done();
}

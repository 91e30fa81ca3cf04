/*
 * t_buf - a buf grows up to its maximum and stays whole when it is refused.
 */
#include "config.h"

#include "lib/buf.h"
#include "tests/tap.h"

static void
grows(void)
{
	struct buf b;
	int bad = 0;

	buf_init(&b, 100000);
	is(buf_str(&b), "", "an empty one is an empty string");
	for (int i = 0; i < 100000; i++)
		bad += buf_addc(&b, (char)('a' + i % 26));
	num(bad, 0, "every byte up to the maximum fits");
	num(b.len, 100000, "all are there");
	num(buf_addc(&b, 'x'), -1, "one more is refused");
	num(b.len, 100000, "and changes nothing");
	num(b.p[100000], 0, "a NUL follows");
	num(b.p[99999], 'a' + 99999 % 26, "the last byte is right");
	ok(b.room <= 100001, "never more memory than the maximum");
	num(buf_add(&b, "", 0), 0, "nothing always fits");
	num(buf_reserve(&b, SIZE_MAX), -1, "no overflow in reserve");
	buf_reset(&b);
	is(buf_str(&b), "", "reset empties");
	ok(b.room > 0, "reset keeps the memory");
	buf_free(&b);
	ok(b.p == NULL && b.len == 0 && b.room == 0, "free empties");
}

static void
formats(void)
{
	struct buf b;

	buf_init(&b, 8);
	num(buf_adds(&b, "ab"), 0, "a string");
	num(buf_addf(&b, "%d-%s", 12, "cd"), 0, "a format");
	is(buf_str(&b), "ab12-cd", "both");
	num(buf_addf(&b, "%s", "ef"), -1, "too long a format is refused");
	is(buf_str(&b), "ab12-cd", "and leaves the bytes");
	num(buf_addf(&b, "%c", 'e'), 0, "exactly the maximum fits");
	is(buf_str(&b), "ab12-cde", "all eight");
	buf_drop(&b, 5);
	is(buf_str(&b), "cde", "drop takes the first ones");
	buf_drop(&b, 3);
	is(buf_str(&b), "", "drop may take all");
	num(buf_add(&b, "a\0b", 3), 0, "bytes may be NUL");
	num(b.len, 3, "and count");
	buf_free(&b);
	buf_init(&b, 0);
	num(buf_addc(&b, 'x'), -1, "a maximum of nothing holds nothing");
	num(buf_add(&b, NULL, 0), 0, "but takes nothing");
	buf_drop(&b, 0);
	buf_free(&b);
}

static void
fixed(void)
{
	char memory[8];
	struct buf b;

	buf_fixed(&b, memory, sizeof(memory));
	is(buf_str(&b), "", "fixed: empty");
	num(buf_adds(&b, "1234567"), 0, "as much as there is room for");
	num(buf_addc(&b, '8'), -1, "and no more");
	ok(b.p == memory && strcmp(memory, "1234567") == 0, "where it is");
	buf_reset(&b);
	num(buf_addf(&b, "%d", 12345678), -1, "nor by a format");
	ok(b.p == memory, "it never moves");
}

static void
lent(void)
{
	char memory[8];
	struct buf b;

	buf_begin(&b, memory, sizeof(memory), 20);
	is(buf_str(&b), "", "lent: empty");
	num(buf_adds(&b, "1234567"), 0, "as much as was lent");
	ok(b.p == memory, "is there");
	num(buf_adds(&b, "890"), 0, "more");
	ok(b.p != memory, "is in memory of its own");
	is(buf_str(&b), "1234567890", "with all that there was");
	num(buf_adds(&b, "12345678901"), -1, "up to the maximum");
	buf_free(&b);
	num(b.room, 0, "and that is freed");
}

int
main(void)
{
	grows();
	fixed();
	lent();
	formats();
	return done();
}

/*
 * counts: windows to the millisecond, scores, who makes room, who may write,
 * and that no reader ever sees half a row.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/counts.h"
#include "tests/tap.h"

#define NOW 1000000

static struct counts_key
key(const char *text)
{
	return (struct counts_key){ .what = RATE_MESSAGES, .by = RATE_ADDRESS,
	    .scope = SERVER, .section = "", .text = text,
	    .period_ms = 60000 };
}

static struct counts *
table(uint32_t rows, int *write_r, int *read_r)
{
	struct counts *c;

	if (counts_make("t", rows, write_r, read_r) != 0)
		return NULL;
	c = counts_open(*write_r, true);
	return c;
}

static void
windows(struct counts *c)
{
	struct counts_key k = key("192.0.2.1"), other = key("192.0.2.2");
	struct counts_answer a;
	int let = 0;

	ok(counts_ask(c, &k, 1, 3, NOW, &a) && a.value == 0 && a.free_ms == 0,
	    "a key that nobody knows");
	for (int i = 0; i < 5; i++) {
		if (!counts_ask(c, &k, 1, 3, NOW + i * 1000, &a))
			continue;
		counts_add(c, &k, 1, 3, NOW + i * 1000);
		let++;
	}
	num(let, 3, "three of five");
	ok(!counts_ask(c, &k, 1, 3, NOW + 59999, &a) && a.value == 3 &&
	    a.most == 3 && a.free_ms == 1,
	    "no fourth in the last millisecond, and when it may come");
	ok(counts_ask(c, &k, 1, 3, NOW + 60000, &a) && a.value == 0,
	    "but in the next one");
	ok(counts_ask(c, &k, 1, 4, NOW + 5000, &a), "a higher maximum counts");
	ok(counts_ask(c, &other, 3, 3, NOW, &a), "three at once of another");
	counts_add(c, &other, 2, 3, NOW);
	ok(!counts_ask(c, &other, 2, 3, NOW, &a) && a.value == 2,
	    "two more are too many");
	ok(counts_ask(c, &other, 1, 3, NOW, &a), "one is not");
	counts_add(c, &k, 1, 3, NOW + 70000);
	ok(counts_ask(c, &k, 2, 3, NOW + 129999, &a) && a.value == 1,
	    "the next window begins with its own first event");
	ok(counts_ask(c, &k, 3, 3, NOW + 130000, &a), "and lasts as long");
	ok(counts_ask(c, &k, 2, 3, NOW + 1, &a) && a.value == 1,
	    "a reader whose clock is behind");
	counts_add(c, &k, UINT32_MAX, 3, NOW + 70000);
	ok(!counts_ask(c, &k, UINT32_MAX, 3, NOW + 70000, &a) &&
	    a.value == UINT32_MAX, "no count wraps round");
}

static void
identities(struct counts *c)
{
	struct counts_key base = key("198.51.100.9"), k[7];
	char one[300], two[300];
	struct counts_answer a;

	for (size_t i = 0; i < ARRAY_LEN(k); i++)
		k[i] = base;
	k[1].what = RATE_ERRORS;
	k[2].by = RATE_PREFIX;
	k[3].scope = CHANNEL;
	k[4].section = "lan";
	k[5].period_ms = 1000;
	k[6].text = "198.51.100.8";
	for (size_t i = 0; i < ARRAY_LEN(k); i++)
		counts_add(c, &k[i], (uint32_t)i + 1, 100, NOW);
	for (size_t i = 0; i < ARRAY_LEN(k); i++) {
		counts_ask(c, &k[i], 1, 100, NOW, &a);
		num(a.value, i + 1, "every part of a key counts");
	}
	memset(one, 'x', sizeof(one));
	one[sizeof(one) - 1] = '\0';
	memcpy(two, one, sizeof(two));
	two[sizeof(two) - 2] = 'y';
	k[0].text = one;
	k[1] = k[0];
	k[1].text = two;
	counts_add(c, &k[0], 5, 100, NOW);
	counts_add(c, &k[1], 6, 100, NOW);
	counts_ask(c, &k[0], 1, 100, NOW, &a);
	num(a.value, 5, "a login that is cut in its row");
	counts_ask(c, &k[1], 1, 100, NOW, &a);
	num(a.value, 6, "and another that begins alike");
}

static void
penalties(struct counts *c)
{
	struct counts_key k = key("203.0.113.5");
	struct counts_answer a;
	int64_t until;

	k.what = COUNTS_PENALTY;
	counts_add(c, &k, 100, 100, NOW);
	ok(!counts_ask(c, &k, 1, 100, NOW, &a) && a.value == 100,
	    "a score at its limit");
	ok(counts_ask(c, &k, 1, 100, NOW + a.free_ms, &a) && a.value == 99,
	    "is below it when it says");
	counts_ask(c, &k, 1, 100, NOW + 30000, &a);
	num(a.value, 75, "half of a half-life");
	counts_ask(c, &k, 1, 100, NOW + 60000, &a);
	num(a.value, 50, "a half-life");
	counts_ask(c, &k, 1, 100, NOW + 180000, &a);
	num(a.value, 12, "three");
	counts_add(c, &k, 60, 100, NOW + 60000);
	ok(!counts_ask(c, &k, 1, 100, NOW + 60000, &a) && a.value == 110,
	    "what is left counts on");
	counts_add(c, &k, 1000, 100, NOW + 60000);
	ok(!counts_ask(c, &k, 1, 100, NOW + 60000, &a), "far above it");
	until = NOW + 60000 + a.free_ms;
	ok(!counts_ask(c, &k, 1, 100, until - 10, &a),
	    "not much sooner than it says");
	ok(counts_ask(c, &k, 1, 100, until, &a), "but then");
	ok(counts_ask(c, &k, 1, 100, NOW + 60000LL * 60, &a) && a.value == 0,
	    "nothing is for ever");
}

static bool
known(struct counts *c, const char *text, uint32_t value)
{
	struct counts_key k = key(text);
	struct counts_answer a;

	counts_ask(c, &k, 1, 10, NOW + 500, &a);
	return a.value == value;
}

/* A table of 1,024 rows and 100,000 strangers. */
static void
flood(void)
{
	struct counts_key k;
	char text[40];
	int kept = 0, w, r;
	struct counts *c = table(1, &w, &r);

	if (!ok(c != NULL && counts_room(c) == 8, "the smallest table"))
		return;
	c = table(1024, &w, &r);
	for (int i = 0; i < 100; i++) {
		snprintf(text, sizeof(text), "10.9.0.%d", i);
		k = key(text);
		counts_add(c, &k, 10, 10, NOW);
	}
	for (int i = 0; i < 100000; i++) {
		snprintf(text, sizeof(text), "10.%d.%d.%d", i / 65536,
		    i / 256 % 256, i % 256);
		k = key(text);
		counts_add(c, &k, 1, 10, NOW + 1);
	}
	for (int i = 0; i < 100; i++) {
		snprintf(text, sizeof(text), "10.9.0.%d", i);
		kept += known(c, text, 10);
	}
	num(kept, 100, "who is at the maximum is remembered in a flood");
	ok(counts_get(c, COUNTS_EVICTED) > 90000 &&
	    counts_get(c, COUNTS_EVICTED) < 100000,
	    "who had to make room was counted");
	num(counts_get(c, COUNTS_LOST), 0, "everybody had room");
}

static void
room(void)
{
	char text[40];
	int w, r;
	struct counts *c = table(8, &w, &r);
	struct counts_key k = key("old");

	counts_add(c, &k, 10, 10, NOW - 60000);
	for (int i = 1; i < 8; i++) {
		snprintf(text, sizeof(text), "%d", i);
		k = key(text);
		counts_add(c, &k, (uint32_t)i + 1, 10, NOW);
	}
	k = key("new");
	counts_add(c, &k, 5, 10, NOW);
	ok(known(c, "1", 2) && known(c, "new", 5) && known(c, "old", 0),
	    "one whose window is over makes room first");
	num(counts_get(c, COUNTS_EVICTED), 0, "which costs nobody anything");
	k = key("newer");
	counts_add(c, &k, 3, 10, NOW);
	ok(known(c, "1", 0) && known(c, "2", 3) && known(c, "newer", 3),
	    "then the one that counts least");
	num(counts_get(c, COUNTS_EVICTED), 1, "and that is counted");
	for (int i = 0; i < 8; i++) {
		snprintf(text, sizeof(text), "full%d", i);
		k = key(text);
		counts_add(c, &k, 10, 10, NOW);
	}
	k = key("9");
	counts_add(c, &k, 1, 10, NOW);
	ok(known(c, "9", 0) && known(c, "full0", 10) && known(c, "full7", 10),
	    "none at its maximum does");
	num(counts_get(c, COUNTS_LOST), 1, "and that is counted, too");
}

static void
rows(void)
{
	int w, r, found = 0;
	struct counts *c = table(64, &w, &r);
	struct counts_key k = key("192.0.2.77");
	struct counts_answer a;
	struct counts_row row;

	k.section = "lan";
	k.scope = CHANNEL;
	counts_add(c, &k, 7, 7, NOW);
	counts_refuse(c, &k);
	counts_refuse(c, &k);
	for (uint32_t i = 0; i < counts_room(c); i++) {
		if (!counts_row(c, i, &row))
			continue;
		found++;
		is(row.text, "192.0.2.77", "whose row it is");
		is(row.section, "lan", "by whose rule");
		ok(row.count == 7 && row.most == 7 && row.refused == 2 &&
		    row.scope == CHANNEL && row.begin_ms == NOW,
		    "and what it says");
		counts_read(&row, NOW + 1000, &a);
		ok(a.value == 7 && a.most == 7 && a.free_ms == 59000,
		    "and for how long");
		counts_read(&row, NOW + 60000, &a);
		ok(a.value == 0 && a.free_ms == 0, "then no more");
	}
	num(found, 1, "one row");
}

static void
rights(void)
{
	int w, r, pipes[2], fd;
	struct counts *c = table(64, &w, &r), *reader;
	struct counts_key k = key("192.0.2.7");
	struct counts_answer a;
	struct stat st;
	void *p;

	if (!ok(c != NULL && fstat(w, &st) == 0, "a table"))
		return;
	num(st.st_mode & 0777, 0600, "of its owner alone");
	reader = counts_open(r, false);
	counts_add(c, &k, 4, 10, NOW);
	ok(reader != NULL && counts_ask(reader, &k, 1, 10, NOW, &a) &&
	    a.value == 4, "a reader sees what was counted");
	counts_set(c, COUNTS_LOAD, 150);
	num(counts_get(reader, COUNTS_LOAD), 150, "and the numbers of all");
	ok(counts_open(r, true) == NULL && errno == EACCES,
	    "but cannot map it to write");
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, r, 0);
	ok(p != MAP_FAILED && mprotect(p, (size_t)st.st_size, PROT_READ |
	    PROT_WRITE) == -1, "nor change a mapping to it");
	ok(write(r, "x", 1) == -1, "nor write");
	ok(ftruncate(w, 0) == -1 && errno == EPERM, "nobody cuts it");
	ok((fcntl(w, F_GETFD) & FD_CLOEXEC) && (fcntl(r, F_GETFD) &
	    FD_CLOEXEC), "close on exec");
	fd = memfd_create("t", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	ok(ftruncate(fd, st.st_size) == 0 && counts_open(fd, false) == NULL,
	    "a file without seals is none");
	ok(ftruncate(fd, st.st_size - 1) == 0 && fcntl(fd, F_ADD_SEALS,
	    F_SEAL_GROW | F_SEAL_SHRINK) == 0 &&
	    counts_open(fd, false) == NULL, "nor one of another size");
	ok(pipe(pipes) == 0 && counts_open(pipes[0], false) == NULL,
	    "nor a pipe");
	ok(counts_open(-1, false) == NULL, "nor nothing");
}

/* In every state that is written, count and refused are the same. */
_Noreturn static void
write_for_ever(struct counts *c, const char *name)
{
	struct counts_key k = key(name);

	k.text = name;
	for (;;) {
		counts_add(c, &k, 1, 10, NOW);
		counts_refuse(c, &k);
		counts_add(c, &k, 0, 20, NOW);
	}
}

/* Two writers in one bucket: what a reader sees belongs together. */
static void
torn(void)
{
	int w, r, wrong = 0, seen = 0, rounds = getenv("INLET_FULL") != NULL ?
	    3000000 : 100000;
	struct counts *c = table(8, &w, &r), *reader = counts_open(r, false);
	uint32_t last[2] = { 0, 0 };
	struct counts_row row;
	pid_t pid[2];

	for (int i = 0; i < 2; i++) {
		pid[i] = fork();
		if (pid[i] == 0)
			write_for_ever(c, i == 0 ? "first" : "second");
	}
	for (int i = 0; i < rounds || seen < 1000 || last[0] == 0 ||
	    last[1] == 0; i++) {
		if (!counts_row(reader, (uint32_t)i % 8, &row))
			continue;
		bool first = strcmp(row.text, "first") == 0;

		seen++;
		if ((!first && strcmp(row.text, "second") != 0) ||
		    row.count - row.refused > 1 ||
		    row.count < last[first] ||
		    (row.most != 10 && row.most != 20))
			wrong++;
		last[first] = row.count;
	}
	for (int i = 0; i < 2; i++) {
		kill(pid[i], SIGKILL);
		waitpid(pid[i], NULL, 0);
	}
	num(wrong, 0, "no row is ever seen half");
	ok(last[0] > 0 && last[1] > 0, "of two that were written");
	/* A writer that was killed may hold the bucket: once, for 20 ms. */
	for (int i = 0; i < 100; i++) {
		struct counts_key k = key("after");

		counts_add(c, &k, 1, 200, NOW);
	}
	for (uint32_t i = 0; i < 8; i++)
		if (counts_row(reader, i, &row) &&
		    strcmp(row.text, "after") == 0)
			num(row.count, 100, "and one that died is got over");
}

/* Not a count is lost between two writers. */
static void
two(void)
{
	enum { EACH = 50000 };
	int w, r;
	struct counts *c = table(8, &w, &r);
	struct counts_key k = key("both");
	struct counts_answer a;
	pid_t pid = fork();

	for (int i = 0; i < EACH; i++)
		counts_add(c, &k, 1, 10, NOW);
	if (pid == 0)
		_exit(0);
	waitpid(pid, NULL, 0);
	counts_ask(c, &k, 1, 10, NOW, &a);
	num(a.value, 2 * EACH, "two writers count exactly");
}

int
main(void)
{
	int w, r;
	struct counts *c = table(1000, &w, &r);

	if (!ok(c != NULL && counts_room(c) == 1024, "a table"))
		return done();
	windows(c);
	identities(c);
	penalties(c);
	flood();
	room();
	rows();
	rights();
	torn();
	two();
	ok(counts_now() > 0, "there is a clock");
	return done();
}

/*
 * records: a question and its answer there and back, and what is neither.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "lib/clock.h"
#include "lib/records.h"
#include "tests/tap.h"

static struct records r, other;

static void
names(void)
{
	char label[80], name[300];

	records_begin(&r, 1000);
	num(records_add(&r, RECORDS_A, "Host.Example.ORG", NULL), 0, "a name");
	is(r.asked[0].name, "host.example.org", "in lower case");
	num(records_add(&r, RECORDS_LISTED, "2.0.0.127.bl.test", "bl.test"),
	    0, "one in a zone");
	num(r.asked[1].zone, 10, "which begins there");
	num(records_add(&r, RECORDS_A, "", NULL), -1, "no name");
	num(records_add(&r, RECORDS_A, "a..b", NULL), -1, "an empty label");
	num(records_add(&r, RECORDS_A, ".a", NULL), -1, "at the start");
	num(records_add(&r, RECORDS_A, "a.", NULL), -1, "at the end");
	num(records_add(&r, RECORDS_A, "a b.test", NULL), -1, "a blank");
	num(records_add(&r, RECORDS_A, "a\\b.test", NULL), -1, "a backslash");
	num(records_add(&r, RECORDS_A, "\303\244.test", NULL), -1, "8 bits");
	memset(label, 'a', 64);
	label[64] = '\0';
	num(records_add(&r, RECORDS_A, label, NULL), -1, "a label of 64");
	num(records_add(&r, RECORDS_A, label + 1, NULL), 0, "a label of 63");
	snprintf(name, sizeof(name), "%s.%s.%s.%.61s", label + 1, label + 1,
	    label + 1, label);
	num(strlen(name), 253, "253 bytes");
	num(records_add(&r, RECORDS_A, name, NULL), 0, "are a name");
	name[253] = 'a';
	name[254] = '\0';
	num(records_add(&r, RECORDS_A, name, NULL), -1, "254 are not");
	while (r.n < RECORDS_MOST)
		if (records_add(&r, RECORDS_A, "x.test", NULL) != 0)
			break;
	num(r.n, RECORDS_MOST, "so many");
	num(records_add(&r, RECORDS_A, "x.test", NULL), -1, "and no more");
}

/* What lookup says to a question of two; change: of the answer's bytes. */
static int
converse(size_t change, int by, size_t cut)
{
	static const uint8_t data[] = { 4, 0, 127, 0, 0, 2, 1, 0, 'x' };
	int pair[2], rc;
	uint8_t question[8192];
	ssize_t len;
	size_t n;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) != 0)
		abort();
	pid = fork();
	if (pid == 0) {
		close(pair[0]);
		len = recv(pair[1], question, sizeof(question), 0);
		if (len <= 0 || records_read(&other, question,
		    (size_t)len) != 0 || other.n != 2 || other.time != 900)
			_exit(1);
		other.got[0] = (struct records_got){ .outcome = RECORDS_FOUND,
		    .cached = true, .len = sizeof(data), .p = data };
		other.got[1] = (struct records_got){ .outcome =
		    RECORDS_LATER, .cut = true };
		/* A late answer first, to another question. */
		n = records_write(&other, 7);
		(void)!send(pair[1], other.room, n, 0);
		n = records_write(&other, ((struct ask_question *)
		    (void *)question)->id);
		other.room[change] = (uint8_t)(other.room[change] + by);
		(void)!send(pair[1], other.room, n - cut, 0);
		(void)!recv(pair[1], question, 1, 0);
		_exit(0);
	}
	close(pair[1]);
	records_begin(&r, 900);
	if (records_add(&r, RECORDS_A, "a.test", NULL) != 0 ||
	    records_add(&r, RECORDS_TXT, "b.test", NULL) != 0)
		abort();
	rc = records_ask(&r, pair[0]);
	close(pair[0]);
	return rc;
}

static void
conversations(void)
{
	const uint8_t *p;
	size_t at = 0, len;

	num(converse(0, 0, 0), 0, "an answer");
	num(r.got[0].outcome, RECORDS_FOUND, "found");
	ok(r.got[0].cached && !r.got[0].cut, "its flags");
	ok(records_next(&r.got[0], &at, &p, &len) && len == 4 && p[3] == 2,
	    "its first record");
	ok(records_next(&r.got[0], &at, &p, &len) && len == 1 && *p == 'x',
	    "its second");
	ok(!records_next(&r.got[0], &at, &p, &len), "its last");
	num(r.got[1].outcome, RECORDS_LATER, "later");
	ok(r.got[1].cut, "the other's flags");
	num(converse(4, 1, 0), -1, "an answer to three");
	num(r.got[0].outcome, RECORDS_LATER, "is none to each");
	num(converse(5, 9, 0), -1, "an outcome that there is not");
	num(converse(7, 1, 0), -1, "a length that is too long");
	num(converse(7, -1, 0), -1, "or too short");
	num(converse(9, 40, 0), -1, "a record beyond its end");
	num(converse(0, 0, 1), -1, "an answer cut short");
	records_begin(&r, 100);
	num(records_add(&r, RECORDS_A, "a.test", NULL), 0, "a question");
	num(records_ask(&r, -1), -1, "to nobody");
	num(r.got[0].outcome, RECORDS_LATER, "is later");
}

static void
questions(void)
{
	struct ask_question q = { .version = ASK_VERSION };
	uint8_t m[64];

	memset(m, 0, sizeof(m));
	memcpy(m, &q, sizeof(q));
	num(records_read(&r, m, sizeof(q)), -1, "no time");
	num(records_read(&r, m, sizeof(q) + 4), -1, "no question");
	memcpy(m + sizeof(q) + 4, "\1\0a.b", 6);
	num(records_read(&r, m, sizeof(q) + 10), 0, "one");
	num(records_read(&r, m, sizeof(q) + 9), -1, "without its end");
	m[sizeof(q) + 4] = 0;
	num(records_read(&r, m, sizeof(q) + 10), -1, "of no type");
	m[sizeof(q) + 4] = 99;
	num(records_read(&r, m, sizeof(q) + 10), -1, "of one there is not");
	m[sizeof(q) + 4] = 7;
	m[sizeof(q) + 5] = 3;
	num(records_read(&r, m, sizeof(q) + 10), -1, "a zone outside");
	m[sizeof(q) + 5] = 2;
	num(records_read(&r, m, sizeof(q) + 10), 0, "a zone inside");
	m[sizeof(q) + 6] = '.';
	num(records_read(&r, m, sizeof(q) + 10), -1, "a name that is none");
}

static void
rooms(void)
{
	static uint8_t much[RECORDS_DATA];

	/* Many questions with long answers: whole records, and it is said. */
	for (size_t i = 0; i + 6 <= sizeof(much); i += 6)
		memcpy(much + i, "\4\0abcd", 6);
	other.n = RECORDS_MOST;
	for (int i = 0; i < other.n; i++)
		other.got[i] = (struct records_got){ .outcome =
		    RECORDS_FOUND, .len = 4092, .p = much };
	ok(records_write(&other, 1) <= sizeof(other.room), "it fits");
	ok((other.room[6] & 2) != 0, "it says that there is more");
	num((other.room[7] | other.room[8] << 8) % 6, 0, "whole records");
	other.n = 1;
	num(records_write(&other, 1), 5 + 4 + 4092, "alone it has all");
	num(other.room[6], 0, "and nothing is cut");
}

int
main(void)
{
	names();
	conversations();
	questions();
	rooms();
	return done();
}

/*
 * t_chanproto - requests and answers pass; anything else is refused.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "chans/chanproto.h"
#include "tests/tap.h"

static int pair[2];

static void
say(uint8_t outcome, const char *code, const char *text, int want,
    const char *what)
{
	struct chan_answer a = { .index = 1, .outcome = outcome }, got;

	snprintf(a.code, sizeof a.code, "%s", code);
	snprintf(a.text, sizeof a.text, "%s", text);
	num(chanproto_answer(pair[1], &a), 0, "answer");
	num(chanproto_hear(pair[0], &got), want, what);
}

static void
codes(void)
{
	say(CHAN_LATER, "4.2.2", "", 0, "4.2.2");
	say(CHAN_NEVER, "5.123.999", "", 0, "three digits");
	say(CHAN_NEVER, "4.2.2", "", -1, "another class");
	say(CHAN_LATER, "4.2", "", -1, "two parts");
	say(CHAN_LATER, "4.2.2.2", "", -1, "four parts");
	say(CHAN_LATER, "4..2", "", -1, "an empty part");
	say(CHAN_LATER, "4.2.", "", -1, "an empty last part");
	say(CHAN_LATER, "4.1234.1", "", -1, "four digits");
	say(CHAN_LATER, "4.a.1", "", -1, "a letter");
	say(CHAN_LATER, "", "", -1, "nothing");
}

static void
requests(void)
{
	struct chan_request r = { .version = CHANPROTO_VERSION,
	    .flags = CHANPROTO_REPEAT, .n = 3, .index = { 4, 0, 9 } }, got;
	int fd = open("/dev/null", O_RDONLY), passed;
	struct stat a, b;

	num(chanproto_ask(pair[0], &r, fd), 0, "ask");
	num(chanproto_take(pair[1], true, &got, &passed), 0, "take");
	num(got.n, 3, "three recipients");
	num(got.flags, CHANPROTO_REPEAT, "the flag");
	num(got.index[2], 9, "the third");
	ok(fstat(fd, &a) == 0 && fstat(passed, &b) == 0 &&
	    a.st_rdev == b.st_rdev, "the entry's descriptor");
	close(passed);
	r.version++;
	num(chanproto_ask(pair[0], &r, fd), 0, "another version");
	num(chanproto_take(pair[1], true, &got, &passed), -1, "is refused");
	num(errno, EBADMSG, "as a bad message");
	r.version--;
	r.n = 0;
	num(chanproto_ask(pair[0], &r, fd), 0, "no recipients");
	num(chanproto_take(pair[1], true, &got, &passed), -1, "is refused");
	r.n = 3;
	num(send(pair[0], &r, offsetof(struct chan_request, index) + 12, 0),
	    offsetof(struct chan_request, index) + 12, "no descriptor");
	num(chanproto_take(pair[1], true, &got, &passed), -1, "is refused");
	close(fd);
}

static void
flagged(uint8_t outcome, const char *code, uint8_t flags, int want,
    const char *what)
{
	struct chan_answer a = { .index = 1, .outcome = outcome,
	    .flags = flags }, got;

	snprintf(a.code, sizeof a.code, "%s", code);
	num(chanproto_answer(pair[1], &a), 0, "answer");
	num(chanproto_hear(pair[0], &got), want, what);
}

static void
flags(void)
{
	flagged(CHAN_DELIVERED, "2.0.0", CHAN_RELAYED_DSN | CHAN_SAID, 0,
	    "relayed");
	flagged(CHAN_DELIVERED, "2.0.0", CHAN_HOST_DOWN, -1,
	    "delivered to a host that is down");
	flagged(CHAN_LATER, "4.4.1", CHAN_HOST_DOWN, 0, "a host is down");
	flagged(CHAN_DELIVERED, "2.0.0", CHAN_RELAYED_DSN |
	    CHAN_RELAYED_NO_BY, 0, "without DELIVERBY");
	flagged(CHAN_LATER, "4.4.1", CHAN_RELAYED_DSN, -1,
	    "later, but relayed");
	flagged(CHAN_NEVER, "5.1.1", CHAN_SAID, 0, "somebody said it");
	flagged(CHAN_NEVER, "5.1.1", CHAN_HOST_DOWN, -1,
	    "never, a host being down");
	flagged(CHAN_NEVER, "5.1.1", 16, -1, "an unknown flag");
}

static void
answers(void)
{
	struct chan_answer a = { .index = 1 }, got;

	num(chanproto_hear(pair[0], &got), -1, "nothing there");
	num(errno, EAGAIN, "it does not wait");
	say(CHAN_DELIVERED, "2.0.0", "done", 0, "delivered");
	say(CHAN_LATER, "4.2.2", "full", 0, "later");
	say(CHAN_NEVER, "5.1.1", "nobody", 0, "never");
	say(CHAN_NEVER, "4.1.1", "nobody", -1, "a code of another class");
	say(0, "2.0.0", "", -1, "no outcome");
	say(6, "2.0.0", "", -1, "an unknown outcome");
	say(CHAN_WORKING, "", "", 0, "it works");
	flags();
	say(CHAN_SETTLES, "", "", 0, "several at a time");
	say(CHAN_LATER, "4.2.2", "a\nb", -1, "a newline in the text");
	memset(&a.code, 'x', sizeof a.code);
	a.outcome = CHAN_LATER;
	num(chanproto_answer(pair[1], &a), 0, "answer");
	num(chanproto_hear(pair[0], &got), -1, "no NUL");
	num(send(pair[1], "short", 5, 0), 5, "a short message");
	num(chanproto_hear(pair[0], &got), -1, "is refused");
	chanproto_fill(&a, CHAN_LATER, "4.3.0", "a\nb %s",
	    "\001\200");
	is(a.text, "a?b ??", "fill makes text printable");
}

static void
ends(void)
{
	struct chan_request r;
	struct chan_answer a;
	int fd;

	close(pair[1]);
	num(chanproto_hear(pair[0], &a), -1, "the program ended");
	num(errno, 0, "which is no error");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == -1)
		return;
	close(pair[0]);
	num(chanproto_take(pair[1], true, &r, &fd), -1, "deliver ended");
	num(errno, 0, "which is no error either");
}

int
main(void)
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == -1)
		return 1;
	codes();
	requests();
	answers();
	ends();
	return done();
}

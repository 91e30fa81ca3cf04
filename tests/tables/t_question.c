/*
 * t_question - only what has the whole form of a question is one.
 */
#include "config.h"

#include <stddef.h>
#include <string.h>
#include "tables/question.h"
#include "tests/tap.h"

#define WHOLE(part) ((ssize_t)sizeof(((union question *)0)->part))

static union question
asked(enum ask_kind kind, uint8_t family)
{
	union question q;

	memset(&q, 0, sizeof(q));
	q.q.version = ASK_VERSION;
	q.q.kind = (uint8_t)kind;
	q.q.address.family = family;
	return q;
}

static void
names(void)
{
	union question q = asked(ASK_NAME, 4);

	ok(question_good(&q, WHOLE(q)), "a name of an address");
	ok(!question_good(&q, WHOLE(q) - 1) && !question_good(&q, -1) &&
	    !question_good(&q, 0) && !question_good(&q, WHOLE(q) + 1),
	    "not shorter, not longer");
	q.q.address.ip[7] = 1;
	ok(!question_good(&q, WHOLE(q)), "nothing behind an IPv4 address");
	q = asked(ASK_NAME, 6);
	ok(question_good(&q, WHOLE(q)), "IPv6");
	q = asked(ASK_NAME, 0);
	ok(!question_good(&q, WHOLE(q)), "of no address");
	q = asked(ASK_NAME, 4);
	q.q.version++;
	ok(!question_good(&q, WHOLE(q)), "of another version");
	q = asked((enum ask_kind)250, 4);
	ok(!question_good(&q, WHOLE(q)), "of no kind");
}

static void
access_to(void)
{
	union question q = asked(ASK_ACCESS, 4);

	ok(!question_good(&q, WHOLE(access)), "access to no daemon");
	memcpy(q.access.daemon, "smtpsrvr", 9);
	ok(question_good(&q, WHOLE(access)), "access to one");
	memcpy(q.access.channel, "a b", 4);
	ok(!question_good(&q, WHOLE(access)), "a blank in a name");
	memset(q.access.channel, 'a', sizeof(q.access.channel));
	ok(!question_good(&q, WHOLE(access)), "a name without an end");
	q.access.channel[0] = '\0';
	q.q.address.family = 0;
	ok(!question_good(&q, WHOLE(access)), "of nobody");
	memcpy(q.access.name, "mx.example", 11);
	ok(question_good(&q, WHOLE(access)), "of a name");
}

static void
hosts(void)
{
	union question q = asked(ASK_MX, 0);

	ok(question_good(&q, WHOLE(host)), "a host");
	q.q.address.family = 4;
	ok(!question_good(&q, WHOLE(host)), "with an address");
	q.q.kind = ASK_HOST;
	ok(question_good(&q, WHOLE(host)), "which one kind has");
	memset(q.host.name, 'a', sizeof(q.host.name));
	ok(!question_good(&q, WHOLE(host)), "a name without an end");

	q = asked(ASK_GREY, 4);
	ok(question_good(&q, WHOLE(grey)), "the greylist");
	q = asked(ASK_GREY_LOOK, 4);
	ok(question_good(&q, WHOLE(grey)), "looked at");
	memset(q.grey.sender, 'a', sizeof(q.grey.sender));
	ok(!question_good(&q, WHOLE(grey)), "a sender without an end");
	q = asked(ASK_GREY, 4);
	memset(q.grey.recipient, 'a', sizeof(q.grey.recipient));
	ok(!question_good(&q, WHOLE(grey)), "a recipient without one");
	q = asked(ASK_RECORDS, 0);
	ok(question_good(&q, (ssize_t)sizeof(q)) &&
	    !question_good(&q, (ssize_t)sizeof(q) + 1), "records");
}

int
main(void)
{
	names();
	access_to();
	hosts();
	return done();
}

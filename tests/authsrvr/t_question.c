/*
 * t_question - only a whole question is one, and only a whole answer.
 */
#include "config.h"

#include <string.h>
#include "authsrvr/authworker.h"
#include "tests/tap.h"

static struct verify_question
question(void)
{
	struct verify_question q;

	memset(&q, 0, sizeof(q));
	q.client.family = 4;
	memcpy(q.login, "ann", 4);
	memcpy(q.mechanism, "PLAIN", 6);
	memcpy(q.secret, "secret", 7);
	q.secret_len = 6;
	return q;
}

static bool
good(const struct verify_question *q)
{
	return verify_question_good(q, VERIFY_QUESTION_LEN(q));
}

static void
questions(void)
{
	struct verify_question q = question();

	ok(good(&q), "a question");
	ok(!verify_question_good(&q, 0) &&
	    !verify_question_good(&q, VERIFY_QUESTION_LEN(&q) - 1) &&
	    !verify_question_good(&q, sizeof(q)), "not shorter, nor longer");
	q.kind = VERIFY_KINDS;
	ok(!good(&q), "of no kind");
	q = question();
	q.secret[6] = 'x';
	ok(!good(&q), "a secret without its end");
	q = question();
	q.secret_len = sizeof(q.secret);
	ok(!good(&q), "one too long");
	q = question();
	q.client.family = 5;
	ok(!good(&q), "a client of no family");
	q = question();
	memset(q.mechanism, 'x', sizeof(q.mechanism));
	ok(!good(&q), "a mechanism without its end");
	q = question();
	memset(q.login, 'x', sizeof(q.login));
	ok(!good(&q), "a login without its end");
}

static struct verify_result
answer(void)
{
	struct verify_result r;

	memset(&r, 0, sizeof(r));
	r.answer = VERIFY_YES;
	memcpy(r.login, "ann", 4);
	return r;
}

static void
answers(void)
{
	struct verify_result r = answer();

	ok(verify_result_good(&r), "an answer");
	r.login[0] = '\0';
	ok(!verify_result_good(&r), "yes, but nobody");
	r.answer = VERIFY_NO;
	ok(verify_result_good(&r), "no is nobody");
	r.answer = VERIFY_LATER + 1;
	ok(!verify_result_good(&r), "neither yes nor no nor later");
	r = answer();
	memset(r.login, 'x', sizeof(r.login));
	ok(!verify_result_good(&r), "a login without its end");
	r = answer();
	memset(r.backend, 'x', sizeof(r.backend));
	ok(!verify_result_good(&r), "a back end without one");
	r = answer();
	memset(r.why, 'x', sizeof(r.why));
	ok(!verify_result_good(&r), "a reason without one");
	r = answer();
	memset(r.challenge, 'x', sizeof(r.challenge));
	ok(!verify_result_good(&r), "a challenge without one");
	r = answer();
	r.scram.salt_len = sizeof(r.scram.salt) + 1;
	ok(!verify_result_good(&r), "too much salt");
}

int
main(void)
{
	questions();
	answers();
	return done();
}

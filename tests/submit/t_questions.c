/*
 * t_questions - decisions that are made again until no question is open.
 */
#include "config.h"

#include <string.h>

#include "submit/questions.h"
#include "tests/tap.h"

static struct enquirer e;

static enum tb_answer
ask(const char *name)
{
	return e.r.away(&e.r, name);
}

/* a, and if that is not there b: what a router does. */
static enum tb_answer
decide(struct questions *q)
{
	enum tb_answer answer;

	e.now = q;
	answer = ask("a.example");
	if (answer == TB_NOT_FOUND)
		answer = ask("b.example");
	e.now = NULL;
	return answer;
}

static void
rounds(void)
{
	struct questions q = { 0 };

	num(ask("a.example"), TB_LATER, "out of a decision nothing is asked");
	ok(!questions_open(&q), "at first nothing is open");
	(void)decide(&q);
	ok(questions_open(&q), "two questions");
	is(questions_next(&q), "a.example", "the first");
	questions_answer(&q, ASK_HOST_NONE);
	is(questions_next(&q), "b.example", "the second");
	questions_answer(&q, ASK_HOST_FOUND);
	ok(!questions_open(&q), "both answered");
	num(decide(&q), TB_FOUND, "it is decided with the answers");
	ok(!questions_open(&q), "and nothing more is wanted");
	num((long)q.n, 2, "each was asked once");
	questions_free(&q);
	ok(q.n == 0 && !questions_open(&q), "nothing of it is left");
}

static void
trouble(void)
{
	struct questions q = { 0 };
	char name[32];
	int i;

	(void)decide(&q);
	questions_give_up(&q);
	ok(!questions_open(&q), "no answers");
	num(decide(&q), TB_LATER, "later");
	questions_free(&q);
	(void)decide(&q);
	questions_answer(&q, ASK_HOST_LATER);
	questions_answer(&q, ASK_HOST_FOUND);
	num(decide(&q), TB_LATER, "one that failed is no absence");
	questions_free(&q);
	e.now = &q;
	for (i = 0; i < QUESTIONS_MOST; i++) {
		(void)snprintf(name, sizeof(name), "n%d.example", i);
		if (ask(name) != TB_NOT_FOUND)
			break;
	}
	num(i, QUESTIONS_MOST, "many");
	num(ask("more.example"), TB_LATER, "are bounded");
	num(ask("n7.example"), TB_NOT_FOUND, "those that are there stay");
	num((long)q.n, QUESTIONS_MOST, "no more than that");
	questions_free(&q);
	e.now = NULL;
}

int
main(void)
{
	enquirer_init(&e);
	rounds();
	trouble();
	return done();
}

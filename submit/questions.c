/*
 * questions - see questions.h.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "lib/xalloc.h"
#include "submit/questions.h"

struct question {
	char *name;
	enum tb_answer answer;
};

static enum tb_answer
away(struct resolver *r, const char *name)
{
	struct questions *q = ((struct enquirer *)(void *)r)->now;
	size_t i;

	if (q == NULL)
		return TB_LATER;
	for (i = 0; i < q->n; i++)
		if (strcmp(q->at[i].name, name) == 0)
			return i < q->known ? q->at[i].answer : TB_NOT_FOUND;
	if (q->n == QUESTIONS_MOST)
		return TB_LATER;
	if (q->n == q->room) {
		q->room = 2 * q->room + 4;
		q->at = xresize(q->at, q->room, sizeof(*q->at));
	}
	q->at[q->n++] = (struct question){ .name = xstrdup(name),
	    .answer = TB_LATER };
	return TB_NOT_FOUND;
}

void
enquirer_init(struct enquirer *e)
{
	*e = (struct enquirer){ .r = { away } };
}

bool
questions_open(const struct questions *q)
{
	return q->known < q->n;
}

const char *
questions_next(const struct questions *q)
{
	return q->at[q->known].name;
}

void
questions_answer(struct questions *q, int outcome)
{
	q->at[q->known++].answer = resolver_answer(outcome);
}

void
questions_give_up(struct questions *q)
{
	q->known = q->n;	/* TB_LATER from the beginning */
}

void
questions_free(struct questions *q)
{
	while (q->n > 0)
		free(q->at[--q->n].name);
	free(q->at);
	memset(q, 0, sizeof(*q));
}

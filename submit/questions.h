/*
 * questions - what tables of kind nameserver want to know while something is
 * decided, where nobody may wait for the answer.
 *
 * A decision is made as if every name that is not known yet were in no such
 * table, and those names are noted.  If there are any, that decision is thrown
 * away, they are asked for one after the other, and it is made again, until
 * nothing is open.  So each round knows more than the one before, and what is
 * decided in the end rests on answers alone.
 */
#ifndef SUBMIT_QUESTIONS_H
#define SUBMIT_QUESTIONS_H

#include "tables/resolver.h"

/* Names that one decision may depend on; with more it is TB_LATER. */
#define QUESTIONS_MOST 2000
/* All of them may take so many times what one may; then it is TB_LATER. */
#define QUESTIONS_TIMES 4

/* Of one decision: answers, and what is still open.  All zero at first. */
struct questions {
	struct question *at;
	size_t n, room;
	size_t known;		/* the first so many have their answers */
	int64_t until;		/* when all must be there; 0: none was asked */
};

/* The resolver of a submit, which decides one thing at a time. */
struct enquirer {
	struct resolver r;	/* first */
	struct questions *now;	/* whose decision is being made; or null */
};

void enquirer_init(struct enquirer *e);

bool questions_open(const struct questions *q);
/* The name that is asked for next; not if nothing is open. */
const char *questions_next(const struct questions *q);
/* The answer to that: an enum ask_host. */
void questions_answer(struct questions *q, int outcome);
/* All that is open gets no answer. */
void questions_give_up(struct questions *q);
void questions_free(struct questions *q);

#endif

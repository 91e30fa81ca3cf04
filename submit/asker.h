/*
 * asker - questions for lookup that nobody waits for: one connection, many
 * questions under way.
 */
#ifndef SUBMIT_ASKER_H
#define SUBMIT_ASKER_H

#include <stdbool.h>
#include <stdint.h>
#include "lib/ask.h"
#include "lib/mm.h"

struct asker {
	const char *path;	/* lookup's socket */
	int fd;			/* -1: not connected */
	uint32_t last;
};

void asker_init(struct asker *a, const char *path);
/*
 * Sends the question, q within it, connecting first if need be; version and id
 * are filled in.  -1 if lookup cannot be asked now.  *id_r comes back with the
 * answer, never 0; *new_r tells that a->fd is another one than before.
 */
MM_MUST_USE int asker_ask(struct asker *a, struct ask_question *q,
    size_t size, uint32_t *id_r, bool *new_r);
/*
 * The next answer that is there; false if there is none.  When lookup is
 * gone a->fd is -1 then, and what was asked gets no answer.
 */
bool asker_take(struct asker *a, struct ask_answer *answer_r);
void asker_close(struct asker *a);
/* A socket of that kind there, which never blocks; -1. */
MM_MUST_USE int asker_connect(const char *path);

#endif

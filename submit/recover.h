/*
 * recover - what a start does with every half-made entry.
 *
 * A file in tmp/ that nobody locks was being written by a submit that is
 * dead: nobody got a 250 for it, so it is removed.  An entry in queue/
 * without a good trailer is damage: it is moved to bad/.  Both are reported.
 * What is locked belongs to somebody alive and is left alone.
 */
#ifndef SUBMIT_RECOVER_H
#define SUBMIT_RECOVER_H

#include <stdbool.h>
#include <stddef.h>
#include "submit/spool.h"

/* Removes what is abandoned in tmp/; how many, or -1 with errno. */
int recover_tmp(struct spool *s);

/*
 * The check of queue/, in steps of one entry, so that a long queue does not
 * keep new mail waiting.
 */
struct recover;
struct recover *recover_begin(struct spool *s);
/* Checks one more entry; false when all were, and everything is synced. */
bool recover_step(struct recover *r);
void recover_end(struct recover *r);

#endif

/*
 * authworker - what it and the pool (worker.h) say to each other.
 */
#ifndef AUTHSRVR_AUTHWORKER_H
#define AUTHSRVR_AUTHWORKER_H

#include <stdint.h>
#include "authsrvr/worker.h"

/* Descriptors. */
enum {
	AUTHWORKER_RECORD = 3,	/* the configuration, as conf_pack() has it */
	AUTHWORKER_SLOTS = 4	/* from here up: one for each worker */
};
#define AUTHWORKER_MOST 32	/* workers */

/*
 * The number, which no other question of the pool has, comes back: an answer
 * that comes too late is nobody else's.
 */
struct worker_question {
	uint64_t number;
	struct verify_question q;
};

struct worker_result {
	uint64_t number;
	struct verify_result r;
};

/* How much of it is sent: it ends with the secret. */
#define WORKER_QUESTION_LEN(w) (offsetof(struct worker_question, q) + \
	VERIFY_QUESTION_LEN(&(w)->q))

/* Is it one (of len bytes)?  What another process sent. */
bool verify_question_good(const struct verify_question *q, size_t len);
bool verify_result_good(const struct verify_result *r);

#endif

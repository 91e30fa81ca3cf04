/*
 * ask - questions to lookup, over a SOCK_SEQPACKET unix socket: one message a
 * question, one message an answer.
 */
#ifndef LIB_ASK_H
#define LIB_ASK_H

#include <stdint.h>
#include "lib/net.h"

#define ASK_VERSION 1

enum ask_kind {
	ASK_NAME = 1	/* the forward-confirmed name of an address */
};

enum ask_outcome {
	ASK_FOUND,	/* the name confirms */
	ASK_NONE,	/* certainly no name, or none that confirms */
	ASK_LATER	/* it could not be found out in time */
};

struct ask_question {
	uint8_t version, kind;
	uint16_t pad;
	uint32_t id;		/* comes back with the answer */
	struct netaddr address;
};

struct ask_answer {
	uint32_t id;
	uint8_t outcome;
	uint8_t cached;		/* without a query of its own */
	uint16_t pad;
	char name[256];		/* lower case, no trailing dot, NUL-ended */
};

/* Asks over sock and waits; -1 (answer_r is ASK_LATER) on any trouble. */
int ask_name(int sock, const struct netaddr *a, int64_t deadline,
    struct ask_answer *answer_r);

#endif

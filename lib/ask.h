/*
 * ask - questions to lookup, over a SOCK_SEQPACKET unix socket: one message a
 * question, one message an answer.
 */
#ifndef LIB_ASK_H
#define LIB_ASK_H

#include <stdint.h>
#include "lib/net.h"

#define ASK_VERSION 1
#define ASK_DAEMON 64

enum ask_kind {
	ASK_NAME = 1,	/* the forward-confirmed name of an address */
	ASK_ACCESS	/* what hosts.allow and hosts.deny say of it */
};

enum ask_outcome {
	ASK_FOUND,	/* the name confirms */
	ASK_NONE,	/* certainly no name, or none that confirms */
	ASK_LATER	/* it could not be found out in time */
};

enum ask_access {
	ASK_ALLOWED = 16,
	ASK_DENIED,
	ASK_UNNAMED,	/* a rule wants the name, which could not be found */
	ASK_UNSURE	/* the rules could not be read, or not be followed */
};

struct ask_question {
	uint8_t version, kind;
	uint16_t pad;
	uint32_t id;		/* comes back with the answer */
	struct netaddr address;
};

/* ASK_ACCESS: under both names of a daemon; both must be allowed. */
struct ask_access_question {
	struct ask_question q;	/* its address may be none if name is given */
	char daemon[ASK_DAEMON];
	char channel[ASK_DAEMON];	/* "" if there is none */
	char name[256];		/* known already, or "" */
};

struct ask_answer {
	uint32_t id;
	uint8_t outcome;	/* enum ask_outcome, or enum ask_access */
	uint8_t cached;		/* without a query of its own */
	uint8_t differs;	/* ASK_NONE: there are names, none confirms */
	uint8_t channel;	/* ASK_DENIED: under the channel's name */
	char name[256];		/* lower case, no trailing dot, NUL-ended */
};

/* Asks over sock and waits; -1 (answer_r is ASK_LATER) on any trouble. */
int ask_name(int sock, const struct netaddr *a, int64_t deadline,
    struct ask_answer *answer_r);
/*
 * The same for ASK_ACCESS; its version, kind and id are filled in.  -1
 * (answer_r is ASK_UNSURE) on any trouble.
 */
int ask_access(int sock, struct ask_access_question *q, int64_t deadline,
    struct ask_answer *answer_r);

#endif

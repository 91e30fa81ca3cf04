/*
 * control - what a running deliver is asked to do with its queue.
 *
 * Over run-directory/deliver, SOCK_SEQPACKET, for root and the submit user
 * alone: a request is one message, its answer another, in the same order; a
 * caller may ask as often as it likes, and waits for each answer.  Where no
 * deliver listens there, "deliver -q" does the same over its descriptor 0,
 * such a socket, until its end; it fails (75) where a deliver runs all the
 * same.  Format only: what a verb does is in chans/orders.h.  Both ends are
 * on one machine and of one build: numbers are in host order.
 */
#ifndef LIB_CONTROL_H
#define LIB_CONTROL_H

#include <stdint.h>
#include "lib/trace.h"

#define CONTROL_VERSION 1
#define CONTROL_SOCKET "deliver"	/* in run-directory */
#define CONTROL_NAME 256
#define CONTROL_TEXT 200

enum control_verb {
	CONTROL_RETRY = 1,	/* id: all that waits in it is due now */
	CONTROL_HOLD,		/* id: not delivered until released, for good */
	CONTROL_RELEASE,	/* id: the opposite; FUTURERELEASE's, too */
	CONTROL_DELETE,		/* id: taken out of the queue, nobody is told */
	CONTROL_BOUNCE,		/* id: what waits in it failed; name: why */
	CONTROL_START		/* name: a domain; what waits for it is due */
};

/* With START: the domain's subdomains, too ("@example.org" of RFC 1985). */
#define CONTROL_SUBDOMAINS 1

enum control_result {
	CONTROL_DONE = 1,	/* and what must be durable is */
	CONTROL_ABSENT,		/* there is no such entry (any more) */
	CONTROL_BUSY,		/* a channel program is at it: ask again */
	CONTROL_MALFORMED,	/* no request of this version */
	CONTROL_FAILED		/* nothing is changed; text says why */
};

struct control_request {
	uint32_t version;
	uint32_t verb;		/* enum control_verb */
	uint32_t flags;
	char id[TRACE_ID + 3];	/* or "" */
	char name[CONTROL_NAME];	/* printable ASCII, or "" */
};

struct control_answer {
	uint32_t result;	/* enum control_result */
	uint32_t count;		/* entries that it was about */
	char text[CONTROL_TEXT];	/* for people, printable ASCII */
};

#endif

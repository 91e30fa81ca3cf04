/*
 * chanproto - the dialogue between deliver and a channel program.
 *
 * Over a SOCK_SEQPACKET socket pair, descriptor 0 of the program: deliver
 * sends requests, each a message with the descriptor (read-only) of an entry's
 * file, or of the segment of the journal that it is a part of; the program
 * sends one answer for each recipient of each, in any order.  One
 * request at a time, unless the program has said with CHAN_SETTLES that it
 * makes several durable at once: then up to CHANPROTO_BATCH.  Both ends are
 * on one machine and of one build: numbers are in host order.
 */
#ifndef CHANS_CHANPROTO_H
#define CHANS_CHANPROTO_H

#include <stdbool.h>
#include <stdint.h>
#include "lib/mm.h"

#define CHANPROTO_VERSION 4
#define CHANPROTO_RECIPIENTS 256	/* in one request */
#define CHANPROTO_BATCH 32
#define CHANPROTO_CODE 12
#define CHANPROTO_TEXT 200

/* Request flag: it may have been delivered before (a crash, a restart). */
#define CHANPROTO_REPEAT 1

enum chan_outcome {
	CHAN_DELIVERED = 1,
	CHAN_LATER,		/* failed for now */
	CHAN_NEVER		/* failed for good */
};

/* In the place of an outcome, but no answer: index requests at a time. */
#define CHAN_SETTLES 4
/* The same: no answer yet, but it works; delivery-timeout begins anew. */
#define CHAN_WORKING 5

/*
 * Flags of an answer.  With CHAN_DELIVERED neither of the first two means that
 * it is in its mailbox (or wherever it ends): a notice of success is ours to
 * send, and says "delivered".
 */
enum chan_flag {
	CHAN_RELAYED_DSN = 1,	/* to a host that sends such notices itself */
	CHAN_RELAYED_NO_DSN = 2, /* to one that does not: ours says "relayed" */
	/*
	 * With CHAN_LATER: no host that this recipient's mail could go to can
	 * be reached now.  It says nothing of the message: what waits for the
	 * same channel and destination (qfile_recipient.host) may wait, too.
	 */
	CHAN_HOST_DOWN = 4,
	/* The text holds what another mail system said: "... said: 550 ..." */
	CHAN_SAID = 8,
	/* With one of the first two: it has no DELIVERBY (RFC 2852) either. */
	CHAN_RELAYED_NO_BY = 16
};

struct chan_request {
	uint16_t version, flags;
	uint32_t serial;	/* comes back with its answers */
	uint64_t at, length;	/* part of the file; length 0: all of it */
	uint32_t n;
	uint32_t index[CHANPROTO_RECIPIENTS];
};

struct chan_answer {
	uint32_t serial;	/* of the request */
	uint32_t index;		/* which recipient of the entry */
	uint8_t outcome;
	uint8_t flags;		/* enum chan_flag, or-ed; fill clears them */
	uint8_t pad[2];
	char code[CHANPROTO_CODE];	/* RFC 3463, "4.2.2" */
	char text[CHANPROTO_TEXT];	/* for people, printable ASCII */
};

/* deliver's end: 0, or -1 with errno; neither of them waits. */
MM_MUST_USE int chanproto_ask(int sock, const struct chan_request *r,
    int entry);
/* -1 with errno: EAGAIN nothing yet, 0 the program closed its end. */
MM_MUST_USE int chanproto_hear(int sock, struct chan_answer *a_r);

/*
 * The program's end: both wait, unless take is told not to (EAGAIN then).
 * -1 with errno 0: deliver has no more.
 */
MM_MUST_USE int chanproto_take(int sock, bool wait, struct chan_request *r_r,
    int *entry_r);
MM_MUST_USE int chanproto_answer(int sock, const struct chan_answer *a);

/*
 * Fills a from a format; what is not printable becomes '?', what is too long
 * is cut.  code must be an RFC 3463 code of the outcome's class.
 */
void chanproto_fill(struct chan_answer *a, enum chan_outcome outcome,
    const char *code, const char *fmt, ...) MM_PRINTF(4, 5);
#endif

/*
 * relay_mail - one message over an open connection: MAIL, RCPT, DATA or BDAT,
 * and what became of each recipient.
 *
 * The rule: a recipient is CHAN_DELIVERED only after the reply to the whole
 * message.  Before it nothing was delivered, so that the same message may be
 * sent elsewhere; when it is lost, nobody can know, and it is tried again
 * (RFC 5321 4.5.4.1: better twice than never).
 */
#ifndef CHANS_RELAY_MAIL_H
#define CHANS_RELAY_MAIL_H

#include <stdbool.h>
#include <stddef.h>
#include "chans/relay_body.h"
#include "chans/relay_talk.h"
#include "lib/qfile.h"

/* As many recipients as every server takes (RFC 5321 4.5.3.1.8). */
#define RELAY_MAIL_RCPTS 100

struct relay_rcpt {
	const struct qfile_recipient *to;
	struct chan_answer *answer;
	bool done;		/* answer is filled */
	bool elsewhere;		/* so it is, but for another server's */
	bool accepted;		/* in this transaction */
	bool said;		/* deliver has heard of it */
};

struct relay_mail {
	const struct qfile *q;
	struct relay_body body;
	int64_t deadline;	/* for all of it */
	/* Of 7 bits, made for the first server that takes no other. */
	enum { RELAY_MAIL_UNTRIED, RELAY_MAIL_MADE, RELAY_MAIL_FAILED } state;
	const char *why;	/* it could not be made, or null */
	struct buf text;
	struct relay_body seven;
};

/*
 * Sends it to those that are not done, and says their answers (chan_say).
 * 0: all are, or this is no server for them, and the connection may be
 * used again.  -1: it may not; those that are not done got nothing, and
 * *fault_r says why.
 */
MM_MUST_USE int relay_mail_send(struct relay_talk *t,
    struct relay_mail *m, struct relay_rcpt *rcpt, size_t n,
    struct chan_answer *fault_r);
/* Lets go of what it has made besides. */
void relay_mail_free(struct relay_mail *m);

#endif

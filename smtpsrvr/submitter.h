/*
 * submitter - the session's side of the dialogue with submit (subproto.h).
 *
 * A connection is made when the first message is complete, or SESSION_TEXT
 * bytes of it are held: probes and refused mail never touch submit.  Envelope,
 * text and commit then go in one write.
 */
#ifndef SMTPSRVR_SUBMITTER_H
#define SMTPSRVR_SUBMITTER_H

#include "smtpsrvr/session.h"

/* Adds the recipient's frame to the transaction; -1 if it cannot hold it. */
MM_MUST_USE int submitter_recipient(struct session *s,
    const struct mailbox *m, const struct rcpt_params *p);
/*
 * Sends what is held and empties s->text; the first time the envelope too.
 * On failure the transaction is broken: its text is dropped from then on.
 */
void submitter_stream(struct session *s);
/* The end of the message: r is submit's verdict, or SUBMIT_FAILED. */
void submitter_finish(struct session *s, struct reply *r);
/* ETRN: has what waits for the node tried; r is submit's reply. */
void submitter_start(struct session *s, const char *node, struct reply *r);
/* Takes back what was streamed of an unfinished message. */
void submitter_abort(struct session *s);
void submitter_close(struct session *s);

#endif

/*
 * trouble - what goes wrong in a session, for smtpd to count.
 *
 * It is told in large pieces, so that a good session costs one word at its
 * end and no more; one that is killed loses at most what is less than a piece.
 */
#ifndef SMTPSRVR_TROUBLE_H
#define SMTPSRVR_TROUBLE_H

#include "smtpsrvr/session.h"

/* A refusal, as it was before a limit made it another one. */
void trouble_note(struct session *s, const struct reply *r);
/* What is not told yet, if there is anything. */
void trouble_tell(struct session *s);
/* The rest, and that the session ends by itself: without it it crashed. */
void trouble_end(struct session *s);
/* After all that it logs: how much of that was lost. */
void trouble_lost(const struct session *s);

#endif

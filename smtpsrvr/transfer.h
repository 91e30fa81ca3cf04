/*
 * transfer - what DATA and BDAT have in common: the wait for a message's
 * octets, and what becomes of it.
 */
#ifndef SMTPSRVR_TRANSFER_H
#define SMTPSRVR_TRANSFER_H

#include "smtpsrvr/session.h"

enum transfer_end { TRANSFER_OK, TRANSFER_BARE, TRANSFER_CLOSED,
	TRANSFER_TIMEOUT, TRANSFER_HURRIED, TRANSFER_SLOW, TRANSFER_ENDLESS,
	TRANSFER_STOPPING };

/* A message's octets begin to come: message-time counts from here. */
void transfer_begin(struct session *s);
/*
 * Where the next octets of the text go, and how many fit, at least least of
 * them: what is held is sent before, if it must.
 */
char *transfer_room(struct session *s, size_t least, size_t *room_r);
/* So many came there. */
void transfer_came(struct session *s, size_t made);
/* Whatever becomes of it, no text of it is wanted. */
void transfer_drop(struct session *s);
/* Before each read of them: until when it may wait. */
int64_t transfer_wait(struct session *s);
/* What the end of such a read means. */
enum transfer_end transfer_end(const struct session *s, enum wire_end end);
/* So many octets are more than are ever read, be it to drop them. */
bool transfer_endless(const struct session *s, uint64_t octets);
/*
 * The octets did not come as they should: the reply, or that there is none.
 * The session is over, except where a bare newline is all that is wrong.
 */
void transfer_refuse(struct session *s, enum transfer_end end,
    struct reply *r);
/* The whole message is there: asks the checks and submit; r is the reply. */
void transfer_finish(struct session *s, struct reply *r);

#endif

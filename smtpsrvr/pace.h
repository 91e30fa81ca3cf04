/*
 * pace - what a client is made to wait for: the greeting, the reply to what
 * was refused (a tarpit), that to one recipient of many.
 *
 * A session that waits sleeps, with its client's connection and smtpd's
 * socket: who goes away is not waited for.  Under stress nobody waits
 * (stress.h), and clients get less time themselves.
 */
#ifndef SMTPSRVR_PACE_H
#define SMTPSRVR_PACE_H

#include "smtpsrvr/session.h"

/* Lets the wire look whether there is stress, with the settings as they are. */
void pace_init(struct session *s);

/*
 * Waits as long as greeting-delay says, or until the client speaks.  The
 * session's early says whether it has: always, where early-talkers is not
 * accept; what it said is left in the wire.
 */
void pace_greeting(struct session *s);
/* Before a refusal; how long it was, in milliseconds. */
int64_t pace_refusal(struct session *s);
/* Before an accepted recipient's reply; the session's tx counts it already. */
void pace_recipient(struct session *s);

/* Is there stress now? */
bool pace_hurried(const struct session *s);
/*
 * Until when a message may go on coming, at stress-rate, of which so many
 * octets came since began (clock.h); CLOCK_NEVER without stress.
 */
int64_t pace_message(const struct session *s, int64_t began, uint64_t octets);

#endif

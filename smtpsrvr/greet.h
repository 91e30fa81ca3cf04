/*
 * greet - what a client is told before its first command (RFC 5321 4.2,
 * 4.3.1): the setting greeting, one to four lines.
 */
#ifndef SMTPSRVR_GREET_H
#define SMTPSRVR_GREET_H

#include "smtpsrvr/session.h"

/* Says it, once the channel's settings are in force. */
void greet_client(struct session *s);

#endif

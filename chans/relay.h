/*
 * relay - what ch_smtp and ch_lmtp have in common: recipients by destination,
 * a server for each, connections that are used again.
 */
#ifndef CHANS_RELAY_H
#define CHANS_RELAY_H

#include "chans/chan.h"
#include "chans/relay_talk.h"

/* Functions of struct chan_ops; kind is kept by reference. */
MM_MUST_USE int relay_open(struct chan *c, const struct relay_kind *kind);
void relay_deliver(struct chan *c, const struct chan_batch *b);
int relay_idle(struct chan *c);
void relay_close(struct chan *c);

#endif

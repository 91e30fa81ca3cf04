/*
 * relay_auth - what to log in with at a smarthost, and the dialogues of SASL
 * (RFC 4954), with GNU SASL; in ch_smtp alone.
 */
#ifndef CHANS_RELAY_AUTH_H
#define CHANS_RELAY_AUTH_H

#include "chans/relay_talk.h"

extern const struct relay_loginer relay_auth;

#endif

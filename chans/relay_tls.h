/*
 * relay_tls - the client's side of TLS, with OpenSSL; in ch_smtp alone.
 */
#ifndef CHANS_RELAY_TLS_H
#define CHANS_RELAY_TLS_H

#include "chans/relay_talk.h"

extern const struct relay_securer relay_tls;

#endif

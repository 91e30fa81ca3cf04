/*
 * ticket_keys - the keys of session tickets (RFC 8446 4.6.1), in keysrvr
 * alone.
 *
 * A ticket is sealed with keys of its own, made of ours, of its name (random,
 * in the clear at its front) and of what it is bound to.  A session gets
 * those of one ticket, whose content it knows anyway; ours never leave.
 */
#ifndef SMTPSRVR_TICKET_KEYS_H
#define SMTPSRVR_TICKET_KEYS_H

#include <stdbool.h>
#include <stdint.h>
#include "lib/keyproto.h"

struct ticket_key {
	unsigned char tag[8];	/* begins the names of its tickets */
	unsigned char secret[32];
	int64_t made;		/* clock.h; 0: there is none */
};

struct ticket_keys {
	int64_t life;		/* ms that one seals; it opens twice as long */
	struct ticket_key now, before;
};

/*
 * Forgets what is past its time; when to be called again, or CLOCK_NEVER if
 * there is no key.
 */
int64_t ticket_keys_roll(struct ticket_keys *k, int64_t now);
/* A name for a new ticket, and its keys; 0 or -1. */
MM_MUST_USE int ticket_keys_seal(struct ticket_keys *k, int64_t now,
    const unsigned char bound_to[TICKET_BOUND], struct ticket_sealing *s_r);
/* The keys of the ticket s->name; 0, or -1 if it is too old or not ours. */
MM_MUST_USE int ticket_keys_open(struct ticket_keys *k, int64_t now,
    const unsigned char bound_to[TICKET_BOUND], struct ticket_sealing *s);

#endif

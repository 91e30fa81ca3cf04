/*
 * exchange - what one mechanism says and hears, from its first message to the
 * point where it is known who the client claims to be, and with what proof.
 *
 * Knows no connection, no clock and no limit: bytes come in, a step comes out.
 * What comes in is a stranger's.
 */
#ifndef AUTHSRVR_EXCHANGE_H
#define AUTHSRVR_EXCHANGE_H

#include <stddef.h>
#include <stdint.h>
#include "authsrvr/worker.h"
#include "lib/authproto.h"
#include "lib/mechanism.h"
#include "lib/mm.h"

enum exchange_step {
	EXCHANGE_CHALLENGE,	/* data is for the client, who answers */
	EXCHANGE_VERIFY,	/* kind, login and secret of the question are
				 * set: exchange_answered() */
	EXCHANGE_SUCCESS,	/* the client has proved who it is */
	EXCHANGE_FAILURE,
	EXCHANGE_LATER,		/* it cannot be found out now */
	EXCHANGE_GARBLED	/* that was no message of the mechanism */
};

struct exchange_out {
	size_t len;
	uint8_t data[AUTH_CHALLENGE_MOST];
};

struct exchange;
struct exchanges;	/* what all have in common */

struct exchanges *exchanges_new(const struct conf *c);
/*
 * binding: the bytes that bind to the connection (AUTH_EXPORTER), or null.
 * Null if that mechanism cannot be had so.
 */
struct exchange *exchange_new(struct exchanges *all, enum mechanism m,
    const uint8_t *binding);
/*
 * Of EXTERNAL: what the client's certificate comes to, SUCCESS, with the login
 * as a table has it, FAILURE or LATER.  Without, it is FAILURE.
 */
void exchange_vouch(struct exchange *x, enum exchange_step step,
    const char *login);
/* Wipes what it had. */
void exchange_free(struct exchange *x);
/* As the client has it; "" as long as that is not known. */
const char *exchange_login(const struct exchange *x);
/* SUCCESS: who it is, canonical. */
const char *exchange_proven(const struct exchange *x);
/*
 * The client's next message; p is null for a client that has not said anything
 * yet.  Not after a step that was no CHALLENGE.
 */
MM_MUST_USE enum exchange_step exchange_take(struct exchange *x, const void *p,
    size_t len, struct exchange_out *out_r, struct verify_question *q_r);
/* The answer to the question of VERIFY; there is no other one. */
MM_MUST_USE enum exchange_step exchange_answered(struct exchange *x,
    const struct verify_result *r, struct exchange_out *out_r);

#endif

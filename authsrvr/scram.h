/*
 * scram - the server's side of SCRAM (RFC 5802, RFC 7677), by GNU SASL.
 *
 * Knows no file: whose secret it needs is said after the client's first
 * message, and the secret is handed to it.
 */
#ifndef AUTHSRVR_SCRAM_H
#define AUTHSRVR_SCRAM_H

#include <stdbool.h>
#include <stddef.h>
#include "authsrvr/passrow.h"
#include "lib/authproto.h"

struct scrams;		/* what all have in common */
struct scram_server;

struct scrams *scrams_new(void);

enum scram_step {
	SCRAM_ASK,		/* scram_typed() is who it says it is:
				 * scram_answer() */
	SCRAM_CHALLENGE,	/* the server's next message is in out */
	SCRAM_PROVEN,		/* the same, the last: it was the password */
	SCRAM_FAILURE,
	SCRAM_GARBLED
};

/*
 * binding: the bytes that bind to the connection (AUTH_EXPORTER), or null;
 * with plus it must be used, without plus it must not have been left out by
 * somebody in between (RFC 5802 6).
 */
struct scram_server *scram_new(struct scrams *all, enum scram kind, bool plus,
    const uint8_t *binding);
/* Wipes what it had of the secrets. */
void scram_free(struct scram_server *s);
/* As it was typed, once the client has said it; or "". */
const char *scram_typed(const struct scram_server *s);
enum scram_step scram_take(struct scram_server *s, const void *p, size_t len,
    uint8_t out_r[AUTH_CHALLENGE_MOST], size_t *len_r);
/*
 * After ASK, once.  With there false it is nobody's secret, and the exchange
 * goes on as with somebody's, and fails.
 */
enum scram_step scram_answer(struct scram_server *s,
    const struct scram_secret *secret, bool there,
    uint8_t out_r[AUTH_CHALLENGE_MOST], size_t *len_r);

#endif

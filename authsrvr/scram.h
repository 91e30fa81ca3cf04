/*
 * scram - the server's side of SCRAM (RFC 5802, RFC 7677), by GNU SASL, with
 * secrets of the password file.
 */
#ifndef AUTHSRVR_SCRAM_H
#define AUTHSRVR_SCRAM_H

#include <stdbool.h>
#include <stddef.h>
#include "authsrvr/passrow.h"
#include "lib/authproto.h"
#include "lib/conf.h"

struct scrams;		/* what all have in common */
struct scram_server;

struct scrams *scrams_new(const struct conf *c);

enum scram_step {
	SCRAM_CHALLENGE,	/* the server's next message is in out */
	SCRAM_PROVEN,		/* the same, the last: it was the password */
	SCRAM_FAILURE,
	SCRAM_GARBLED,
	SCRAM_LATER		/* the file could not be read */
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
/* PROVEN: canonical. */
const char *scram_login(const struct scram_server *s);
enum scram_step scram_take(struct scram_server *s, const void *p, size_t len,
    uint8_t out_r[AUTH_CHALLENGE_MOST], size_t *len_r);

#endif

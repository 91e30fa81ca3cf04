/*
 * tls_key - a private key that is not here: OpenSSL signs with it, keysrvr
 * does the work.
 */
#ifndef SMTPSRVR_TLS_KEY_H
#define SMTPSRVR_TLS_KEY_H

#include <stdbool.h>
#include <stdint.h>
#include <openssl/evp.h>
#include "smtpsrvr/certs.h"

struct tls_keys {
	char path[512];		/* of keysrvr's socket, as we see it */
	bool failed;		/* it did not sign something */
	/* RSA_METHOD and EC_KEY_METHOD */
	struct rsa_meth_st *rsa;
	struct ec_key_method_st *ec;
};

/* Null: no memory. */
struct tls_keys *tls_keys_new(void);
/*
 * Where keysrvr is from now on: its socket name below jail.  0, or -1 if it
 * does not listen there.
 */
MM_MUST_USE int tls_keys_reach(struct tls_keys *keys, const char *jail,
    const char *name);
/*
 * Asks it, over a connection for this one question.  0, or -1 if there is no
 * answer, or it is no.
 */
MM_MUST_USE int tls_keys_ask(struct tls_keys *keys,
    const struct key_question *q, struct key_answer *a_r);
/*
 * The key that belongs to c, for SSL_use_cert_and_key.  keysrvr is connected
 * to for each signature and no longer: one that waits for its client in the
 * midst of a handshake takes no place there.  Null if c's key is neither RSA
 * nor EC.
 */
EVP_PKEY *tls_key_new(struct tls_keys *keys, const struct cert *c);

#endif

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
	int sock;		/* to keysrvr, or -1 */
	int64_t deadline;	/* for its answers */
	bool failed;		/* it did not sign something */
	/* RSA_METHOD and EC_KEY_METHOD */
	struct rsa_meth_st *rsa;
	struct ec_key_method_st *ec;
};

/* Null: no memory. */
struct tls_keys *tls_keys_new(void);
/*
 * The key that belongs to c, for SSL_use_cert_and_key.  It asks keys->sock as
 * that is when it is used.  Null if c's key is neither RSA nor EC.
 */
EVP_PKEY *tls_key_new(struct tls_keys *keys, const struct cert *c);

#endif

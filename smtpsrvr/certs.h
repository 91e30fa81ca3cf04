/*
 * certs - certificates and keys as the setting "certificates" names them.
 *
 * An element is two or three file names with blanks between: the chain (PEM,
 * the host's own certificate first), its private key, and an OCSP response
 * (DER).  The chain is read by the template, the key by keysrvr alone.
 */
#ifndef SMTPSRVR_CERTS_H
#define SMTPSRVR_CERTS_H

#include <stdbool.h>
#include <time.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include "lib/buf.h"
#include "lib/keyproto.h"
#include "lib/mm.h"

#define CERT_FILE 256

struct cert_files {
	char chain[CERT_FILE], key[CERT_FILE];
	char ocsp[CERT_FILE];	/* "" without one */
};

struct cert {
	X509 *leaf;
	STACK_OF(X509) *rest;	/* of the chain */
	unsigned char digest[KEY_DIGEST];	/* of its key: keyproto.h */
	unsigned char *ocsp;	/* DER, or null */
	size_t ocsp_len;
	/* What is known of it: */
	time_t ocsp_from, ocsp_until;
	bool ocsp_revoked;
};

/* Splits an element; 0, or -1 with why. */
MM_MUST_USE int cert_files(const char *element, struct cert_files *f_r,
    struct buf *why_r);
/* Reads chain and OCSP response; 0, or -1 with why and nothing to free. */
MM_MUST_USE int cert_read(const struct cert_files *f, struct cert *c_r,
    struct buf *why_r);
void cert_free(struct cert *c);
/*
 * Why c's OCSP response is not worth sending now, or what it says that nobody
 * can wish for; null if all is well, or there is none.
 */
const char *cert_ocsp_wrong(const struct cert *c);
/* May it be sent?  A revoked one may: it is the truth. */
bool cert_ocsp_good(const struct cert *c);
/* Reads a private key, RSA or EC; null with why. */
EVP_PKEY *cert_read_key(const struct cert_files *f, struct buf *why_r);
/* SHA-256 of the public half; 0 or -1. */
MM_MUST_USE int cert_key_digest(EVP_PKEY *key,
    unsigned char digest_r[KEY_DIGEST]);

#endif

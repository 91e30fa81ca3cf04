/*
 * keyed - smtpsrvr-tls with the private keys in every session (--wrap): what
 * one with keysrvr is compared with, by bench/signing.py.
 *
 * Never installed, and nothing that is distributed is linked with it.  keysrvr
 * is started all the same, and never asked.
 */
#include "config.h"

#include "smtpsrvr/certs.h"
#include "smtpsrvr/tls_key.h"

#define CERTS 8

/* The template reads them while it is root. */
static struct {
	const X509 *leaf;
	EVP_PKEY *key;
} known[CERTS];
static size_t nknown;

int __real_cert_read(const struct cert_files *f, struct cert *c_r,
    struct buf *why_r);
int __wrap_cert_read(const struct cert_files *f, struct cert *c_r,
    struct buf *why_r);
EVP_PKEY *__wrap_tls_key_new(struct tls_keys *keys, const struct cert *c);
int __wrap_tls_keys_reach(struct tls_keys *keys, const char *jail,
    const char *name);

int
__wrap_cert_read(const struct cert_files *f, struct cert *c_r,
    struct buf *why_r)
{
	if (nknown == CERTS || __real_cert_read(f, c_r, why_r) != 0)
		return -1;
	known[nknown].leaf = c_r->leaf;
	known[nknown].key = cert_read_key(f, why_r);
	return known[nknown++].key != NULL ? 0 : -1;
}

EVP_PKEY *
__wrap_tls_key_new(struct tls_keys *keys, const struct cert *c)
{
	size_t i;

	(void)keys;
	for (i = 0; i < nknown; i++)
		if (known[i].leaf == c->leaf)
			return known[i].key;
	return NULL;
}

int
__wrap_tls_keys_reach(struct tls_keys *keys, const char *jail,
    const char *name)
{
	(void)keys;
	(void)jail;
	(void)name;
	return 0;
}

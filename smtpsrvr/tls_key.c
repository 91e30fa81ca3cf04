/*
 * tls_key - a private key that is not here.
 *
 * OpenSSL calls an RSA's or an EC key's own method for the one operation that
 * needs the private half; ours asks keysrvr.  These interfaces are deprecated
 * since 3.0, where a provider of one's own takes their place: a thousand
 * lines for what is two functions here.  OpenSSL 3 still serves keys of
 * foreign methods by them, as PKCS #11 engines need it.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>

#include "lib/clock.h"
#include "lib/keyproto.h"
#include "lib/net.h"
#include "lib/text.h"
#include "lib/xalloc.h"
#include "smtpsrvr/tls_key.h"

/* The index in a key's ex_data that OpenSSL leaves to applications. */
#define OURS 0

#define ANSWER_MS 10000

struct remote {
	struct tls_keys *keys;
	unsigned char digest[KEY_DIGEST];
};

int
tls_keys_ask(struct tls_keys *keys, const struct key_question *q,
    struct key_answer *a_r)
{
	int sock = net_unix_connect(keys->path, SOCK_SEQPACKET);
	int bad = sock < 0 ? -1 :
	    key_ask(sock, q, clock_ms() + ANSWER_MS, a_r);

	if (sock >= 0)
		close(sock);
	return bad;
}

/* How many bytes were signed into to (size at most), or -1. */
static int
ask(const struct remote *x, enum key_op op, const unsigned char *from,
    int len, unsigned char *to, int size)
{
	struct key_question q = { .version = KEY_VERSION, .op = (uint16_t)op };
	struct key_answer a;

	if (x == NULL || len < 0 || len > KEY_MOST)
		return -1;
	q.len = (uint32_t)len;
	memcpy(q.key, x->digest, KEY_DIGEST);
	memcpy(q.data, from, (size_t)len);
	if (tls_keys_ask(x->keys, &q, &a) != 0 || (int)a.len > size) {
		x->keys->failed = true;
		return -1;
	}
	memcpy(to, a.data, a.len);
	return (int)a.len;
}

int
tls_keys_reach(struct tls_keys *keys, const char *jail, const char *name)
{
	size_t len = 0;
	int sock;

	if (!text_add(keys->path, sizeof keys->path, &len, jail) ||
	    !text_add(keys->path, sizeof keys->path, &len, "/") ||
	    !text_add(keys->path, sizeof keys->path, &len, name))
		return -1;
	sock = net_unix_connect(keys->path, SOCK_SEQPACKET);
	if (sock < 0)
		return -1;
	close(sock);
	return 0;
}

static int
rsa_sign(int len, const unsigned char *from, unsigned char *to, RSA *rsa,
    int padding)
{
	if (padding != RSA_NO_PADDING && padding != RSA_PKCS1_PADDING)
		return -1;
	return ask(RSA_get_ex_data(rsa, OURS), padding == RSA_NO_PADDING ?
	    KEY_RSA_PSS : KEY_RSA_PADDED, from, len, to, RSA_size(rsa));
}

/* Nothing that we offer decrypts with a certificate's key. */
static int
rsa_decrypt(int len, const unsigned char *from, unsigned char *to, RSA *rsa,
    int padding)
{
	(void)len;
	(void)from;
	(void)to;
	(void)rsa;
	(void)padding;
	return -1;
}

static int
ec_sign(int type, const unsigned char *digest, int len, unsigned char *sig,
    unsigned int *len_r, const BIGNUM *kinv, const BIGNUM *r, EC_KEY *ec)
{
	int n = ask(EC_KEY_get_ex_data(ec, OURS), KEY_ECDSA, digest, len, sig,
	    ECDSA_size(ec));

	(void)type;
	(void)kinv;
	(void)r;
	*len_r = n > 0 ? (unsigned int)n : 0;
	return n > 0;
}

struct tls_keys *
tls_keys_new(void)
{
	struct tls_keys *k = xcalloc(1, sizeof *k);
	int (*setup)(EC_KEY *, BN_CTX *, BIGNUM **, BIGNUM **);
	ECDSA_SIG *(*raw)(const unsigned char *, int, const BIGNUM *,
	    const BIGNUM *, EC_KEY *);

	k->rsa = RSA_meth_new("keysrvr", RSA_METHOD_FLAG_NO_CHECK);
	k->ec = EC_KEY_METHOD_new(EC_KEY_OpenSSL());
	if (k->rsa == NULL || k->ec == NULL ||
	    RSA_meth_set_priv_enc(k->rsa, rsa_sign) != 1 ||
	    RSA_meth_set_priv_dec(k->rsa, rsa_decrypt) != 1 ||
	    RSA_meth_set_pub_enc(k->rsa,
	    RSA_meth_get_pub_enc(RSA_PKCS1_OpenSSL())) != 1 ||
	    RSA_meth_set_pub_dec(k->rsa,
	    RSA_meth_get_pub_dec(RSA_PKCS1_OpenSSL())) != 1)
		return NULL;
	EC_KEY_METHOD_get_sign(k->ec, NULL, &setup, &raw);
	EC_KEY_METHOD_set_sign(k->ec, ec_sign, setup, raw);
	return k;
}

static EVP_PKEY *
of_rsa(struct tls_keys *keys, EVP_PKEY *public, struct remote *x)
{
	EVP_PKEY *key = EVP_PKEY_new();
	RSA *rsa = RSA_new();
	BIGNUM *n = NULL, *e = NULL;

	if (key == NULL || rsa == NULL ||
	    EVP_PKEY_get_bn_param(public, OSSL_PKEY_PARAM_RSA_N, &n) != 1 ||
	    EVP_PKEY_get_bn_param(public, OSSL_PKEY_PARAM_RSA_E, &e) != 1 ||
	    RSA_set0_key(rsa, n, e, NULL) != 1) {
		BN_free(n);
		BN_free(e);
	} else if (RSA_set_method(rsa, keys->rsa) == 1 &&
	    RSA_set_ex_data(rsa, OURS, x) == 1 &&
	    EVP_PKEY_assign_RSA(key, rsa) == 1) {
		return key;
	}
	RSA_free(rsa);
	EVP_PKEY_free(key);
	return NULL;
}

static EVP_PKEY *
of_ec(struct tls_keys *keys, EVP_PKEY *public, struct remote *x)
{
	EVP_PKEY *key = EVP_PKEY_new();
	EC_KEY *ec = EVP_PKEY_get1_EC_KEY(public);

	if (key != NULL && ec != NULL &&
	    EC_KEY_set_method(ec, keys->ec) == 1 &&
	    EC_KEY_set_ex_data(ec, OURS, x) == 1 &&
	    EVP_PKEY_assign_EC_KEY(key, ec) == 1)
		return key;
	EC_KEY_free(ec);
	EVP_PKEY_free(key);
	return NULL;
}

EVP_PKEY *
tls_key_new(struct tls_keys *keys, const struct cert *c)
{
	EVP_PKEY *public = X509_get0_pubkey(c->leaf), *key = NULL;
	struct remote *x = xcalloc(1, sizeof *x);

	x->keys = keys;
	memcpy(x->digest, c->digest, sizeof x->digest);
	if (EVP_PKEY_get_base_id(public) == EVP_PKEY_RSA)
		key = of_rsa(keys, public, x);
	else if (EVP_PKEY_get_base_id(public) == EVP_PKEY_EC)
		key = of_ec(keys, public, x);
	if (key == NULL)
		free(x);
	return key;
}

/*
 * tls_ticket - session tickets.
 *
 * OpenSSL seals and opens them, with keys that keysrvr makes for that one
 * ticket: no process that a client speaks with ever has a key that opens
 * another's.  A ticket tells nothing of who its client is, since a session
 * that was taken over could write what it wants there: where certificates
 * are asked of clients, there are none.  Nor is anything taken before the
 * handshake is done (early data could come twice).  Only in TLS 1.3: older
 * tickets hold the very keys of what was sent.
 */
#include "config.h"

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/rand.h>

#include "lib/xalloc.h"
#include "smtpsrvr/tls_ticket.h"

/* What the tickets of a connection are bound to. */
struct binding {
	unsigned char service[TICKET_BOUND];
	unsigned char whole[TICKET_BOUND];	/* with the name */
};

/* What TLS is to be, as a digest: another listener's may be less. */
static int
describe(const struct settings *set, unsigned char to[TICKET_BOUND])
{
	const char *said[] = { set->hostname, set->tls_ciphers,
	    set->tls_suites, set->tls_groups };
	const int64_t n[] = { set->protocol, set->tls_implicit,
	    set->tls_least, set->tls_profile };
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	int good = md != NULL && EVP_DigestInit_ex(md, EVP_sha256(), NULL) &&
	    EVP_DigestUpdate(md, n, sizeof n);

	for (size_t i = 0; good && i < ARRAY_LEN(said); i++)
		good = EVP_DigestUpdate(md, said[i], strlen(said[i]) + 1);
	good = good && EVP_DigestFinal_ex(md, to, NULL);
	EVP_MD_CTX_free(md);
	return good ? 0 : -1;
}

/*
 * That and the name asked for, as it stands in ClientHello: OpenSSL opens a
 * ticket before it looks at the name.
 */
static int
bind_to(SSL *ssl, int *alert_r, void *ctx)
{
	struct binding *b = SSL_get_app_data(ssl);
	EVP_MD_CTX *md = b != NULL ? EVP_MD_CTX_new() : NULL;
	const unsigned char *name = NULL;
	size_t len = 0;
	int good;

	(void)ctx;
	if (b == NULL)
		return SSL_CLIENT_HELLO_SUCCESS;
	(void)SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &name,
	    &len);
	good = md != NULL && EVP_DigestInit_ex(md, EVP_sha256(), NULL) &&
	    EVP_DigestUpdate(md, b->service, sizeof b->service) &&
	    EVP_DigestUpdate(md, name, len) &&
	    EVP_DigestFinal_ex(md, b->whole, NULL);
	EVP_MD_CTX_free(md);
	if (good)
		return SSL_CLIENT_HELLO_SUCCESS;
	*alert_r = SSL_AD_INTERNAL_ERROR;
	return SSL_CLIENT_HELLO_ERROR;
}

static int
ask(SSL *ssl, enum key_op op, struct ticket_sealing *s)
{
	const struct binding *b = SSL_get_app_data(ssl);
	struct tls_keys *keys = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
	struct key_question q = { .version = KEY_VERSION, .op = (uint16_t)op,
	    .len = TICKET_BOUND + TICKET_NAME };
	struct key_answer a;

	memcpy(q.data, b->whole, sizeof b->whole);
	memcpy(q.data + TICKET_BOUND, s->name, TICKET_NAME);
	if (tls_keys_ask(keys, &q, &a) != 0 || a.len != sizeof *s)
		return -1;
	memcpy(s, a.data, sizeof *s);
	OPENSSL_cleanse(&a, sizeof a);
	return 0;
}

static int
put_keys(struct ticket_sealing *s, const unsigned char *iv,
    EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int enc)
{
	static char sha256[] = "SHA256";
	const OSSL_PARAM params[] = {
	    OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, s->mac,
	    sizeof s->mac),
	    OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, sha256, 0),
	    OSSL_PARAM_construct_end() };
	int good = EVP_MAC_CTX_set_params(mac, params) == 1 &&
	    EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), NULL, s->cipher, iv,
	    enc) == 1;

	OPENSSL_cleanse(s, sizeof *s);
	return good ? 0 : -1;
}

/*
 * OpenSSL wants the keys of a ticket.  -1: the handshake fails; 0: there are
 * none, a full one follows; 2: it is good, and the client gets another, so
 * that nobody sees the same one twice (RFC 8446 C.4).
 */
static int
keys_for(SSL *ssl, unsigned char *name, unsigned char *iv,
    EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int enc)
{
	struct ticket_sealing s;

	/* Never the tickets of a connection that gives none. */
	if (SSL_version(ssl) < TLS1_3_VERSION || SSL_get_app_data(ssl) == NULL)
		return 0;
	if (enc) {
		memset(&s, 0, sizeof s);
		if (ask(ssl, KEY_SEAL, &s) != 0 ||
		    RAND_bytes(iv, EVP_CIPHER_get_iv_length(
		    EVP_aes_256_cbc())) != 1)
			return -1;
		memcpy(name, s.name, sizeof s.name);
		return put_keys(&s, iv, cipher, mac, 1) == 0 ? 1 : -1;
	}
	memcpy(s.name, name, sizeof s.name);
	if (ask(ssl, KEY_OPEN, &s) != 0)
		return 0;
	return put_keys(&s, iv, cipher, mac, 0) == 0 ? 2 : -1;
}

int
tls_ticket_setup(SSL_CTX *ctx, struct tls_keys *keys, int64_t life_ms)
{
	SSL_CTX_set_timeout(ctx, (long)(life_ms / 1000));
	SSL_CTX_set_client_hello_cb(ctx, bind_to, NULL);
	return SSL_CTX_set_app_data(ctx, keys) == 1 &&
	    SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, keys_for) == 1 ? 0 : -1;
}

int
tls_ticket_allow(SSL *ssl, const struct settings *set)
{
	/* As long as the session, which frees no more than ssl. */
	struct binding *b = xcalloc(1, sizeof *b);

	if (describe(set, b->service) != 0 || SSL_set_app_data(ssl, b) != 1 ||
	    SSL_set_session_id_context(ssl, b->service,
	    sizeof b->service) != 1 ||
	    SSL_set_num_tickets(ssl, 1) != 1)
		return -1;
	SSL_clear_options(ssl, SSL_OP_NO_TICKET);
	return 0;
}

void
tls_ticket_reconsider(SSL *ssl)
{
	if (SSL_version(ssl) < TLS1_3_VERSION)
		SSL_set_options(ssl, SSL_OP_NO_TICKET);
}

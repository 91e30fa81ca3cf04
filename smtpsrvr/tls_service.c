/*
 * tls_service - the OpenSSL half of tls.h: contexts, certificates, choices.
 *
 * Made in the template.  What a session adds is one SSL object, on which it
 * sets what its listener or channel wants otherwise than the rest.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "lib/xalloc.h"
#include "smtpsrvr/certs.h"
#include "smtpsrvr/expiry.h"
#include "smtpsrvr/tls_key.h"
#include "smtpsrvr/tls_memory.h"
#include "smtpsrvr/tls_names.h"
#include "smtpsrvr/tls_over.h"
#include "smtpsrvr/tls_random.h"
#include "smtpsrvr/tls_service.h"
#include "smtpsrvr/tls_ticket.h"

#define ALL_CERTS SIZE_MAX

struct service {
	struct tls_service v;
	SSL_CTX *ctx;
	BIO_METHOD *bio;
	struct tls_keys *keys;
	const char *socket;	/* keysrvr's name below the jail */
	struct cert *certs;
	EVP_PKEY **key;		/* of each */
	size_t n;
	struct tls_names names;
	size_t only;		/* ALL_CERTS, or the one that is tried */
	const struct settings *tickets;	/* of somebody who has them; or null */
};

/* ------------------------------------------------------------ callbacks */

static int
use(SSL *ssl, const struct service *v, size_t i)
{
	return SSL_use_cert_and_key(ssl, v->certs[i].leaf, v->key[i],
	    v->certs[i].rest, 1);
}

/*
 * All certificates for the name that the client wants, so that it may choose
 * between RSA and ECDSA; for a name that none has, or none, those for the
 * first one's.
 */
static int
choose_cert(SSL *ssl, void *ctx)
{
	const struct service *v = ctx;
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	uint64_t which;

	tls_ticket_reconsider(ssl);
	if (v->only != ALL_CERTS)
		return use(ssl, v, v->only);
	which = tls_names_find(&v->names, name);
	for (size_t i = 0; i < v->n; i++)
		if ((which >> i & 1) != 0 && use(ssl, v, i) != 1)
			return 0;
	return 1;
}

/* A client that says what it speaks must speak SMTP (ALPACA). */
static int
choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *len_r,
    const unsigned char *in, unsigned int len, void *ctx)
{
	static const unsigned char smtp[] = "\4smtp";
	unsigned char *found;

	(void)ssl;
	(void)ctx;
	if (SSL_select_next_proto(&found, len_r, smtp, sizeof smtp - 1, in,
	    len) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = found;
	return SSL_TLSEXT_ERR_OK;
}

static int
staple(SSL *ssl, void *ctx)
{
	const struct service *v = ctx;
	const X509 *used = SSL_get_certificate(ssl);

	for (size_t i = 0; i < v->n; i++) {
		const struct cert *c = &v->certs[i];
		unsigned char *copy;

		if (c->leaf != used || !cert_ocsp_good(c))
			continue;
		copy = OPENSSL_memdup(c->ocsp, c->ocsp_len);
		if (copy == NULL)
			break;
		SSL_set_tlsext_status_ocsp_resp(ssl, copy, (long)c->ocsp_len);
		return SSL_TLSEXT_ERR_OK;
	}
	return SSL_TLSEXT_ERR_NOACK;
}

/* -------------------------------------------------- what settings choose */

static const int versions[] = {
	[TLS_LEAST_1_0] = TLS1_VERSION, [TLS_LEAST_1_1] = TLS1_1_VERSION,
	[TLS_LEAST_1_2] = TLS1_2_VERSION, [TLS_LEAST_1_3] = TLS1_3_VERSION
};

/* What it is worth is the verify result, and a check's matter. */
static int
take_any(int good, X509_STORE_CTX *ctx)
{
	(void)good;
	(void)ctx;
	return 1;
}

/*
 * What a profile says in the place of tls-least and tls-ciphers.
 * No exchange of keys by RSA, not even for old devices: keysrvr decrypts
 * nothing.
 */
static const struct {
	int least;
	const char *ciphers;
} profiles[] = {
	[TLS_PROFILE_LEGACY] = { TLS1_VERSION, "ECDHE+AESGCM:ECDHE+CHACHA20:"
	    "ECDHE+AES:@SECLEVEL=0" },
	[TLS_PROFILE_MODERN] = { TLS1_3_VERSION, "ECDHE+AESGCM" }
};

static int
configure(SSL *ssl, const struct settings *set)
{
	bool plain = set->tls_profile == TLS_PROFILE_DEFAULT;
	int least = plain ? versions[set->tls_least] :
	    profiles[set->tls_profile].least;

	/* What OpenSSL calls level 1 and 2 has no SHA-1, so no 1.0 or 1.1. */
	if (least < TLS1_2_VERSION)
		SSL_set_security_level(ssl, 0);
	if (set->tls_client != TLS_CLIENT_OFF)
		SSL_set_verify(ssl, SSL_VERIFY_PEER | SSL_VERIFY_CLIENT_ONCE,
		    take_any);
	return SSL_set_min_proto_version(ssl, least) == 1 &&
	    SSL_set_cipher_list(ssl, plain ? set->tls_ciphers :
	    profiles[set->tls_profile].ciphers) == 1 &&
	    SSL_set_ciphersuites(ssl, set->tls_suites) == 1 &&
	    /* OpenSSL takes const away itself. */
	    SSL_set1_groups_list(ssl, (uintptr_t)set->tls_groups) == 1 ?
	    0 : -1;
}

/* -------------------------------------------------------------- a session */

static struct tls *
over(struct tls_service *service, const struct settings *set,
    const char *jail, int fd, const char **why_r)
{
	struct service *v = (struct service *)service;
	struct tls *t;
	SSL *ssl;

	tls_memory_own();
	*why_r = "keysrvr is not there";
	if (tls_keys_reach(v->keys, jail, v->socket) != 0)
		return NULL;
	*why_r = "no memory for TLS";
	ssl = SSL_new(v->ctx);
	t = xcalloc(1, sizeof *t);
	if (ssl != NULL && configure(ssl, set) == 0 &&
	    (!set->tls_tickets || set->tls_client != TLS_CLIENT_OFF ||
	    tls_ticket_allow(ssl, set) == 0) &&
	    tls_over(t, ssl, v->bio, fd) == 0)
		return t;
	SSL_free(ssl);
	free(t);
	return NULL;
}

/* --------------------------------------------------------------- making it */

static int
context(struct service *v, const struct settings *server)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	if (ctx == NULL)
		return -1;
	v->ctx = ctx;
	/* Old ones only where tls-least of a listener or channel says so. */
	if (SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION) != 1)
		return -1;
	SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION |
	    SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE |
	    SSL_OP_PRIORITIZE_CHACHA | SSL_OP_NO_TICKET |
	    SSL_OP_CLEANSE_PLAINTEXT);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(ctx, 0);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS |
	    SSL_MODE_ENABLE_PARTIAL_WRITE |
	    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_clear_mode(ctx, SSL_MODE_AUTO_RETRY);
	SSL_CTX_set_cert_cb(ctx, choose_cert, v);
	SSL_CTX_set_alpn_select_cb(ctx, choose_protocol, NULL);
	SSL_CTX_set_tlsext_status_cb(ctx, staple);
	SSL_CTX_set_tlsext_status_arg(ctx, v);
	return tls_ticket_setup(ctx, v->keys, server->tls_ticket_time);
}

/* Whose word about clients is good; before files are out of reach. */
static int
read_trusted(struct service *v, const char *file, struct buf *why)
{
	unsigned long e;

	if (file[0] == '\0' || SSL_CTX_load_verify_file(v->ctx, file) == 1)
		return 0;
	e = ERR_peek_error();
	(void)!buf_addf(why, "tls-client-ca: %s: %s", file,
	    e != 0 ? ERR_reason_error_string(e) : "no certificates");
	ERR_clear_error();
	return -1;
}

static int
read_certs(struct service *v, const struct strings *elements, struct buf *why)
{
	struct cert_files f;

	v->certs = xcalloc(elements->n, sizeof *v->certs);
	v->key = xcalloc(elements->n, sizeof(EVP_PKEY *));
	for (; v->n < elements->n; v->n++) {
		struct cert *c = &v->certs[v->n];

		if (cert_files(elements->at[v->n], &f, why) != 0 ||
		    cert_read(&f, c, why) != 0)
			return -1;
		v->key[v->n] = tls_key_new(v->keys, c);
		if (v->key[v->n] == NULL) {
			(void)!buf_addf(why, "%s: its key must be RSA or EC",
			    f.chain);
			return -1;
		}
		tls_names_add(&v->names, c->leaf, v->n);
	}
	tls_names_sort(&v->names);
	return 0;
}

static const struct settings *
with_tickets(const struct conf *c)
{
	const struct settings *v = &c->server.v;

	for (int i = 0; i < c->nlisteners && !v->tls_tickets; i++)
		v = &c->listeners[i].v;
	for (int i = 0; i < c->nchannels && !v->tls_tickets; i++)
		v = &c->channels[i].v;
	return v->tls_tickets ? v : NULL;
}

struct tls_service *
tls_service_new(const struct conf *c, const char *keys, struct buf *why)
{
	struct service *v = xcalloc(1, sizeof *v);

	v->v = (struct tls_service){ over, tls_over_step, tls_over_why,
	    tls_over_facts, tls_over_exporter,
	    { tls_over_read, tls_over_write, tls_over_end } };
	v->socket = keys;
	v->only = ALL_CERTS;
	v->tickets = with_tickets(c);
	/* Nobody's openssl.cnf: what is offered stands in our settings. */
	if (OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG |
	    OPENSSL_INIT_NO_ATEXIT, NULL) != 1 || tls_random() != 0 ||
	    (v->keys = tls_keys_new()) == NULL ||
	    (v->bio = tls_over_bio()) == NULL ||
	    context(v, &c->server.v) != 0) {
		(void)!buf_adds(why, "OpenSSL cannot be set up");
		return NULL;
	}
	return read_certs(v, &c->server.v.certificates, why) == 0 &&
	    read_trusted(v, c->server.v.tls_client_ca, why) == 0 ?
	    &v->v : NULL;
}

void
tls_service_tell(const struct tls_service *service, const struct conf *c,
    const char *run_directory)
{
	const struct service *v = (const struct service *)service;

	expiry_tell(c, v->certs, v->n, run_directory);
}

/* --------------------------------------------------------------- trying it */

/* Both ends in turn, until both are done or neither gets on. */
static int
shake(SSL *server, SSL *client)
{
	for (int i = 0; i < 10; i++) {
		int c = SSL_do_handshake(client), s = SSL_do_handshake(server);

		if (c == 1 && s == 1)
			return 0;
		if ((c != 1 && SSL_get_error(client, c) !=
		    SSL_ERROR_WANT_READ) || (s != 1 &&
		    SSL_get_error(server, s) != SSL_ERROR_WANT_READ))
			return -1;
	}
	return -1;
}

static int
try(struct service *v, SSL_CTX *clients, int version)
{
	SSL *server = SSL_new(v->ctx), *client = SSL_new(clients);
	BIO *a = NULL, *b = NULL;
	int bad = -1;

	if (server != NULL && client != NULL && (v->tickets == NULL ||
	    tls_ticket_allow(server, v->tickets) == 0) &&
	    SSL_set_max_proto_version(client, version) == 1 &&
	    BIO_new_bio_pair(&a, 0, &b, 0) == 1) {
		SSL_set_bio(server, a, a);
		SSL_set_bio(client, b, b);
		SSL_set_accept_state(server);
		SSL_set_connect_state(client);
		bad = shake(server, client);
	}
	SSL_free(server);
	SSL_free(client);
	return bad;
}

static int
try_all(struct service *v, SSL_CTX *clients, struct buf *why)
{
	static const int both[] = { TLS1_3_VERSION, TLS1_2_VERSION };
	char name[256];

	for (v->only = 0; v->only < v->n; v->only++) {
		X509 *leaf = v->certs[v->only].leaf;

		for (size_t i = 0; i < ARRAY_LEN(both); i++) {
			unsigned long e;

			ERR_clear_error();
			if (try(v, clients, both[i]) == 0)
				continue;
			e = ERR_peek_error();
			X509_NAME_oneline(X509_get_subject_name(leaf), name,
			    sizeof name);
			(void)!buf_addf(why, "certificate \"%s\": %s", name,
			    v->keys->failed ?
			    "its private key is not in the file beside it" :
			    e != 0 ? ERR_reason_error_string(e) :
			    "no handshake with it succeeds");
			return -1;
		}
	}
	return 0;
}

int
tls_service_try(struct tls_service *service, const char *jail,
    struct buf *why)
{
	struct service *v = (struct service *)service;
	SSL_CTX *clients = SSL_CTX_new(TLS_client_method());
	int bad = -1;

	if (clients == NULL) {
		(void)!buf_adds(why, "no memory for TLS");
		return -1;
	}
	/* Whatever strength: a client will judge that. */
	SSL_CTX_set_security_level(clients, 0);
	if (tls_keys_reach(v->keys, jail, v->socket) != 0)
		(void)!buf_addf(why, "%s/%s: %s", jail, v->socket,
		    strerror(errno));
	else
		bad = try_all(v, clients, why);
	v->only = ALL_CERTS;
	SSL_CTX_free(clients);
	return bad;
}

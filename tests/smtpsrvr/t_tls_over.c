/*
 * tls_over: what is known of the other end of a handshake, and what binds to
 * it; both ends are here, over a pair of sockets.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/x509v3.h>

#include "smtpsrvr/tls_over.h"
#include "tests/tap.h"

struct ends {
	struct tls server;
	SSL *client;
	int fd;
};

static EVP_PKEY *key;
static X509 *cert;
static BIO_METHOD *bio;

/* Signed by itself, for the subject given. */
static X509 *
make_cert(const char *name, const char *unit)
{
	X509 *x = X509_new();
	X509_NAME *n = X509_get_subject_name(x);

	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), -3600);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	X509_NAME_add_entry_by_txt(n, "CN", MBSTRING_UTF8,
	    (const unsigned char *)name, -1, -1, 0);
	if (unit != NULL)
		X509_NAME_add_entry_by_txt(n, "OU", MBSTRING_UTF8,
		    (const unsigned char *)unit, -1, -1, 0);
	X509_set_issuer_name(x, n);
	X509_set_pubkey(x, key);
	if (X509_sign(x, key, EVP_sha256()) == 0)
		exit(1);
	return x;
}

static SSL_CTX *
context(const SSL_METHOD *method, X509 *x)
{
	SSL_CTX *ctx = SSL_CTX_new(method);

	if (ctx == NULL || (x != NULL &&
	    (SSL_CTX_use_certificate(ctx, x) != 1 ||
	    SSL_CTX_use_PrivateKey(ctx, key) != 1)))
		exit(1);
	return ctx;
}

static int
never_mind(int good, X509_STORE_CTX *ctx)
{
	(void)good;
	(void)ctx;
	return 1;
}

/* trusted: whose certificates the server believes, or null. */
static void
begin(struct ends *e, X509 *theirs, X509 *trusted, int version,
    uint64_t options)
{
	SSL_CTX *server = context(TLS_server_method(), cert);
	SSL_CTX *client = context(TLS_client_method(), theirs);
	int pair[2], theirs_done = 0, ours_done = 0;
	short events;

	SSL_CTX_set_options(client, options);
	SSL_CTX_set_max_proto_version(client, version);
	SSL_CTX_set_verify(server, SSL_VERIFY_PEER, never_mind);
	if (trusted != NULL)
		X509_STORE_add_cert(SSL_CTX_get_cert_store(server), trusted);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0 ||
	    tls_over(&e->server, SSL_new(server), bio, pair[0]) != 0)
		exit(1);
	e->fd = pair[0];
	e->client = SSL_new(client);
	SSL_set_fd(e->client, pair[1]);
	/* The client's turns end when it would wait. */
	SSL_set_connect_state(e->client);
	BIO_socket_nbio(pair[1], 1);
	for (int i = 0; i < 10 && (ours_done != 1 || theirs_done != 1); i++) {
		theirs_done = SSL_do_handshake(e->client);
		ours_done = tls_over_step(&e->server, &events);
	}
	ok(ours_done == 1 && theirs_done == 1, "a handshake");
	SSL_CTX_free(server);
	SSL_CTX_free(client);
}

static void
end(struct ends *e)
{
	int fd = SSL_get_fd(e->client);

	SSL_free(e->client);
	SSL_free(e->server.ssl);
	close(fd);
	close(e->fd);
}

static void
binding(void)
{
	static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };
	static const char label[] = "EXPORTER-Channel-Binding";
	unsigned char ours[TLS_EXPORTER], theirs[TLS_EXPORTER];
	unsigned char before[TLS_EXPORTER] = { 0 };
	struct ends e;

	for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
		begin(&e, NULL, NULL, versions[i], 0);
		memset(theirs, 0, sizeof theirs);
		SSL_export_keying_material(e.client, theirs, sizeof theirs,
		    label, sizeof label - 1, NULL, 0, 0);
		ok(tls_over_exporter(&e.server, ours) == 0 &&
		    memcmp(ours, theirs, sizeof ours) == 0,
		    "RFC 9266: both ends have the same bytes");
		ok(memcmp(ours, before, sizeof ours) != 0,
		    "and no other connection has");
		memcpy(before, ours, sizeof before);
		end(&e);
	}
	begin(&e, NULL, NULL, TLS1_2_VERSION,
	    SSL_OP_NO_EXTENDED_MASTER_SECRET);
	ok(tls_over_exporter(&e.server, ours) == -1,
	    "RFC 9266 4.2: none without the extended master secret");
	end(&e);
}

static void
digest_of(const unsigned char *der, int len, char to[TLS_FINGERPRINT])
{
	unsigned char md[EVP_MAX_MD_SIZE];

	if (EVP_Digest(der, (size_t)len, md, NULL, EVP_sha256(), NULL) != 1)
		exit(1);
	for (int i = 0; i < 32; i++)
		snprintf(to + 2 * i, 3, "%02x", md[i]);
}

static void
clients(void)
{
	X509 *theirs = make_cert("printer, \"3\"\n", "caf\303\251");
	char digits[TLS_FINGERPRINT];
	unsigned char *der = NULL;
	struct tls_facts f;
	struct ends e;
	int len;

	begin(&e, NULL, theirs, TLS1_3_VERSION, 0);
	tls_over_facts(&e.server, &f);
	ok(!f.client.verified && f.client.fingerprint[0] == '\0' &&
	    f.client.key[0] == '\0' && f.client.subject[0] == '\0',
	    "no certificate, and nothing known");
	end(&e);
	begin(&e, theirs, NULL, TLS1_3_VERSION, 0);
	tls_over_facts(&e.server, &f);
	ok(!f.client.verified, "one that nobody here trusts");
	is(f.client.subject, "OU=caf\\C3\\A9,CN=printer\\, \\\"3\\\"\\0A",
	    "its subject (RFC 4514), which is one line of ASCII");
	len = i2d_X509(theirs, &der);
	digest_of(der, len, digits);
	is(f.client.fingerprint, digits, "its fingerprint");
	OPENSSL_free(der);
	der = NULL;
	len = i2d_PUBKEY(key, &der);
	digest_of(der, len, digits);
	is(f.client.key, digits, "its key's");
	OPENSSL_free(der);
	end(&e);
	begin(&e, theirs, theirs, TLS1_2_VERSION, 0);
	tls_over_facts(&e.server, &f);
	ok(f.client.verified, "one that is trusted");
	end(&e);
	X509_free(theirs);
}

int
main(void)
{
	bio = tls_over_bio();
	key = EVP_EC_gen("P-256");
	if (bio == NULL || key == NULL)
		return 1;
	cert = make_cert("mx.example.org", NULL);
	binding();
	clients();
	X509_free(cert);
	EVP_PKEY_free(key);
	BIO_meth_free(bio);
	return done();
}

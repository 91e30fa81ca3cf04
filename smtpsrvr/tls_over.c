/*
 * tls_over - one TLS connection: its handshake and its records.
 *
 * Reads and writes the socket with calls that a session may make and that
 * never wait, whatever the socket's own mode is.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <openssl/err.h>

#include "lib/path.h"
#include "smtpsrvr/tls_memory.h"
#include "smtpsrvr/tls_over.h"

static int
bio_read(BIO *b, char *p, int size)
{
	int fd = (int)(intptr_t)BIO_get_data(b);
	ssize_t n;

	BIO_clear_retry_flags(b);
	do {
		n = recv(fd, p, (size_t)size, MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		BIO_set_retry_read(b);
	return (int)n;
}

static int
bio_write(BIO *b, const char *p, int len)
{
	int fd = (int)(intptr_t)BIO_get_data(b);
	ssize_t n;

	BIO_clear_retry_flags(b);
	do {
		n = send(fd, p, (size_t)len, MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		BIO_set_retry_write(b);
	return (int)n;
}

static long
bio_control(BIO *b, int what, long n, void *p)
{
	(void)b;
	(void)n;
	(void)p;
	return what == BIO_CTRL_FLUSH;
}

BIO_METHOD *
tls_over_bio(void)
{
	BIO_METHOD *m = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "client");

	if (m != NULL && BIO_meth_set_read(m, bio_read) == 1 &&
	    BIO_meth_set_write(m, bio_write) == 1 &&
	    BIO_meth_set_ctrl(m, bio_control) == 1)
		return m;
	BIO_meth_free(m);
	return NULL;
}

/* OpenSSL tells what it sees; of that, records that come. */
static void
count_record(int out, int version, int type, const void *p, size_t len,
    SSL *ssl, void *ctx)
{
	struct tls *t = ctx;

	(void)version;
	(void)p;
	(void)len;
	(void)ssl;
	if (!out && type == SSL3_RT_HEADER)
		t->records++;
}

int
tls_over(struct tls *t, SSL *ssl, BIO_METHOD *method, int fd)
{
	BIO *b = BIO_new(method);

	memset(t, 0, sizeof *t);
	if (b == NULL)
		return -1;
	BIO_set_data(b, (void *)(intptr_t)fd);
	BIO_set_init(b, 1);
	SSL_set_bio(ssl, b, b);
	SSL_set_accept_state(ssl);
	SSL_set_msg_callback(ssl, count_record);
	SSL_set_msg_callback_arg(ssl, t);
	t->ssl = ssl;
	return 0;
}

/* What went wrong, in OpenSSL's words, for the log. */
static int
broke(struct tls *t, const char *why)
{
	unsigned long e = ERR_peek_error();
	const char *reason = e != 0 ? ERR_reason_error_string(e) : NULL;

	t->broken = true;
	snprintf(t->why, sizeof t->why, "%s", reason != NULL ? reason : why);
	ERR_clear_error();
	errno = EPIPE;
	return -1;
}

/* After a call that gave n: 0 wait for *events_r, -1 it is broken. */
static int
more(struct tls *t, int n, short *events_r)
{
	switch (SSL_get_error(t->ssl, n)) {
	case SSL_ERROR_WANT_READ:
		*events_r = POLLIN;
		break;
	case SSL_ERROR_WANT_WRITE:
		*events_r = POLLOUT;
		break;
	default:
		return broke(t, "the client closed it");
	}
	errno = EAGAIN;
	return 0;
}

int
tls_over_step(struct tls *t, short *events_r)
{
	int n;

	if (t->broken)
		return -1;
	ERR_clear_error();
	n = SSL_accept(t->ssl);
	if (t->records > TLS_HANDSHAKE_MOST)
		return broke(t, "too many records in the handshake");
	t->before = t->records;
	return n == 1 ? 1 : more(t, n, events_r);
}

const char *
tls_over_why(struct tls *t)
{
	return t->why;
}

/*
 * The extended master secret makes an exporter one connection's alone in 1.2
 * (RFC 9266 4.2, RFC 7627); in 1.3 it is by itself.
 */
int
tls_over_exporter(const struct tls *t, unsigned char bytes_r[TLS_EXPORTER])
{
	static const char label[] = "EXPORTER-Channel-Binding";

	if (SSL_version(t->ssl) < TLS1_3_VERSION &&
	    SSL_get_extms_support(t->ssl) != 1)
		return -1;
	/* 1.2 tells no context from an empty one: clients have none. */
	return SSL_export_keying_material(t->ssl, bytes_r, TLS_EXPORTER,
	    label, sizeof label - 1, NULL, 0, 0) == 1 ? 0 : -1;
}

static void
put_digest(const unsigned char *der, int len, char to[TLS_FINGERPRINT])
{
	unsigned char md[EVP_MAX_MD_SIZE];
	unsigned int size = 0;

	if (der == NULL || len <= 0 || EVP_Digest(der, (size_t)len, md, &size,
	    EVP_sha256(), NULL) != 1)
		return;
	for (unsigned int i = 0; i < size; i++)
		snprintf(to + 2 * i, 3, "%02x", md[i]);
}

/* One that does not fit, or could look like another, is none. */
static void
put_subject(X509 *x, char *to, size_t size)
{
	BIO *b = BIO_new(BIO_s_mem());
	int n;

	if (b == NULL)
		return;
	if (X509_NAME_print_ex(b, X509_get_subject_name(x), 0,
	    XN_FLAG_RFC2253) >= 0 && (size_t)BIO_pending(b) < size) {
		n = BIO_read(b, to, (int)size - 1);
		to[n > 0 ? n : 0] = '\0';
	}
	BIO_free(b);
}

static void
client_facts(SSL *ssl, struct tls_client *c_r)
{
	X509 *x = SSL_get0_peer_certificate(ssl);
	unsigned char *der = NULL;
	int len;

	if (x == NULL)
		return;
	c_r->verified = SSL_get_verify_result(ssl) == X509_V_OK;
	len = i2d_X509(x, &der);
	put_digest(der, len, c_r->fingerprint);
	OPENSSL_free(der);
	der = NULL;
	len = i2d_PUBKEY(X509_get0_pubkey(x), &der);
	put_digest(der, len, c_r->key);
	OPENSSL_free(der);
	put_subject(x, c_r->subject, sizeof c_r->subject);
}

void
tls_over_facts(const struct tls *t, struct tls_facts *f_r)
{
	const char *sni = SSL_get_servername(t->ssl,
	    TLSEXT_NAMETYPE_host_name);

	memset(f_r, 0, sizeof *f_r);
	snprintf(f_r->version, sizeof f_r->version, "%s",
	    SSL_get_version(t->ssl));
	snprintf(f_r->cipher, sizeof f_r->cipher, "%s",
	    SSL_get_cipher_name(t->ssl));
	/* It is the client's word, and goes into log and queue. */
	if (sni != NULL && path_is_domain(sni, strlen(sni)))
		snprintf(f_r->sni, sizeof f_r->sni, "%s", sni);
	snprintf(f_r->text, sizeof f_r->text, "%s %s%s%s", f_r->version,
	    f_r->cipher, f_r->sni[0] != '\0' ? " " : "", f_r->sni);
	f_r->resumed = SSL_session_reused(t->ssl) == 1;
	client_facts(t->ssl, &f_r->client);
	ERR_clear_error();
}

/* What small records cost us, the client must pay for. */
static bool
floods(const struct tls *t)
{
	return t->records > TLS_RECORDS_FREE + t->bytes / TLS_RECORD_LEAST;
}

/*
 * A record without data (a change of keys, an empty one) brings us back here:
 * SSL_MODE_AUTO_RETRY is off.  Then the next is tried at once, if one is here.
 */
ssize_t
tls_over_read(void *ctx, void *p, size_t size, short *events_r)
{
	struct tls *t = ctx;
	size_t got = 0;
	int n;

	while (!t->broken) {
		ERR_clear_error();
		n = SSL_read_ex(t->ssl, p, size, &got);
		if (n == 1) {
			t->bytes += got;
			t->before = t->records;
			if (floods(t))
				return broke(t, "too many small records");
			return (ssize_t)got;
		}
		if (SSL_get_error(t->ssl, n) == SSL_ERROR_ZERO_RETURN)
			return 0;
		if (more(t, n, events_r) != 0)
			return -1;
		if (t->records - t->before > TLS_EMPTY_MOST)
			return broke(t, "too many records without data");
		if (*events_r == POLLOUT || BIO_should_retry(
		    SSL_get_rbio(t->ssl))) {
			tls_memory_trim();
			errno = EAGAIN;
			return -1;
		}
	}
	errno = EPIPE;
	return -1;
}

ssize_t
tls_over_write(void *ctx, const void *p, size_t len, short *events_r)
{
	struct tls *t = ctx;
	size_t done = 0;
	int n;

	if (t->broken) {
		errno = EPIPE;
		return -1;
	}
	ERR_clear_error();
	n = SSL_write_ex(t->ssl, p, len, &done);
	if (n == 1)
		return (ssize_t)done;
	(void)more(t, n, events_r);
	return -1;
}

void
tls_over_end(void *ctx)
{
	struct tls *t = ctx;

	if (!t->broken)
		(void)SSL_shutdown(t->ssl);
	ERR_clear_error();
}

/*
 * relay_tls - handshakes, and who the other end must prove to be.
 *
 * Runs in ch_smtp.  Without relay-tls = "verified" nobody must prove anything:
 * TLS then keeps out only those who listen.  Whether they have is found out all
 * the same, for messages that ask for it (RFC 8689).
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "chans/relay_tls.h"
#include "lib/log.h"

/* What the library says; the oldest error is the one that matters. */
static void
reason(char *dst, size_t size, const char *what)
{
	unsigned long error = ERR_get_error();
	char text[160];

	ERR_error_string_n(error, text, sizeof text);
	snprintf(dst, size, "%s: %s", what, error != 0 ? text :
	    errno != 0 ? strerror(errno) : "the connection was closed");
	ERR_clear_error();
}

static void *
tls_open(const struct settings *s)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	SSL_CTX *ctx;
	char why[256];
	bool good;

	/* The library writes to sockets that may be closed. */
	sigaction(SIGPIPE, &ignore, NULL);
	ctx = SSL_CTX_new(TLS_client_method());
	good = ctx != NULL;
	if (good && s->relay_tls_ca[0] != '\0')
		good = SSL_CTX_load_verify_locations(ctx, s->relay_tls_ca,
		    NULL) == 1;
	else if (good)
		good = SSL_CTX_set_default_verify_paths(ctx) == 1;
	if (good && s->relay_tls >= RELAY_TLS_REQUIRED)
		good = SSL_CTX_set_min_proto_version(ctx,
		    TLS1_2_VERSION) == 1;
	if (!good) {
		reason(why, sizeof why, "relay-tls-ca");
		log_note(LEVEL_ERROR, "%s", why);
		SSL_CTX_free(ctx);
		return NULL;
	}
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
	    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION |
	    SSL_OP_NO_COMPRESSION);
	return ctx;
}

static void
tls_close(void *ctx)
{
	SSL_CTX_free(ctx);
}

/* As recv and send would say it. */
static ssize_t
outcome(SSL *ssl, int result, short *want_r)
{
	int error = errno;

	if (result > 0)
		return result;
	errno = error;
	switch (SSL_get_error(ssl, result)) {
	case SSL_ERROR_WANT_READ:
		*want_r = POLLIN;
		errno = EAGAIN;
		return -1;
	case SSL_ERROR_WANT_WRITE:
		*want_r = POLLOUT;
		errno = EAGAIN;
		return -1;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	case SSL_ERROR_SYSCALL:
		if (errno == 0 || errno == EAGAIN)
			errno = EPIPE;
		return -1;
	default:
		/* Replies have ends of their own: no truncation can harm. */
		errno = ERR_GET_REASON(ERR_peek_error()) ==
		    SSL_R_UNEXPECTED_EOF_WHILE_READING ? EPIPE : EBADMSG;
		return -1;
	}
}

static ssize_t
tls_read(void *state, void *p, size_t len, short *want_r)
{
	ERR_clear_error();
	errno = 0;
	return outcome(state, SSL_read(state, p, (int)len), want_r);
}

static ssize_t
tls_write(void *state, const void *p, size_t len, short *want_r)
{
	ssize_t n;

	ERR_clear_error();
	errno = 0;
	n = outcome(state, SSL_write(state, p, len > 65536 ? 65536 :
	    (int)len), want_r);
	if (n == 0) {
		errno = EPIPE;
		n = -1;
	}
	return n;
}

static void
tls_end(void *state)
{
	ERR_clear_error();
	/* Our close_notify; nobody waits for the other. */
	if (SSL_is_init_finished(state))
		(void)SSL_shutdown(state);
	SSL_free(state);
}

static const struct relay_cipher cipher = { tls_read, tls_write, tls_end };

/* The names that the certificate may have, one of them. */
static bool
expect(SSL *ssl, const struct relay_identity *who)
{
	X509_VERIFY_PARAM *param = SSL_get0_param(ssl);
	size_t i;

	if (who->address != NULL)
		return X509_VERIFY_PARAM_set1_ip_asc(param,
		    who->address) == 1;
	X509_VERIFY_PARAM_set_hostflags(param,
	    X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	for (i = 0; i < who->n; i++) {
		if (X509_VERIFY_PARAM_add1_host(param, who->names[i], 0) != 1)
			return false;
	}
	return who->n > 0;
}

static int
shake(SSL *ssl, struct relay_wire *w, int64_t deadline)
{
	short want = 0;
	int result;

	for (;;) {
		ERR_clear_error();
		errno = 0;
		result = SSL_connect(ssl);
		if (result == 1)
			return 0;
		if (outcome(ssl, result, &want) != -1 || errno != EAGAIN)
			return -1;
		if (relay_wire_wait(w, want, deadline) == -1)
			return -1;
	}
}

static int
tls_start(void *ctx, struct relay_wire *w, const struct relay_identity *who,
    int64_t deadline, bool *proven_r, char *why_r, size_t size)
{
	SSL *ssl = SSL_new(ctx);
	bool expected = ssl != NULL && expect(ssl, who);
	long verdict;

	ERR_clear_error();
	errno = 0;
	if (ssl == NULL || SSL_set_fd(ssl, w->fd) != 1 ||
	    (who->server[0] != '\0' &&
	    /* SSL_set_tlsext_host_name(), whose cast clang does not like. */
	    SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME,
	    TLSEXT_NAMETYPE_host_name,
	    (void *)(uintptr_t)who->server) != 1) ||
	    (who->verify && !expected)) {
		reason(why_r, size, "TLS");
		SSL_free(ssl);
		return -1;
	}
	SSL_set_verify(ssl, who->verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE,
	    NULL);
	if (shake(ssl, w, deadline) == -1) {
		verdict = SSL_get_verify_result(ssl);
		if (who->verify && verdict != X509_V_OK)
			snprintf(why_r, size, "its certificate: %s",
			    X509_verify_cert_error_string(verdict));
		else
			reason(why_r, size, "TLS handshake");
		SSL_free(ssl);
		return -1;
	}
	*proven_r = expected && SSL_get0_peer_certificate(ssl) != NULL &&
	    SSL_get_verify_result(ssl) == X509_V_OK;
	w->cipher = &cipher;
	w->state = ssl;
	return 0;
}

const struct relay_securer relay_tls = { tls_open, tls_close, tls_start };

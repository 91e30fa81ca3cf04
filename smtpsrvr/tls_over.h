/*
 * tls_over - one TLS connection: its handshake and its records, for tls.h.
 * Nothing here waits.
 */
#ifndef SMTPSRVR_TLS_OVER_H
#define SMTPSRVR_TLS_OVER_H

#include <openssl/ssl.h>
#include "smtpsrvr/tls.h"

/* So many records without data, one after the other, are taken for a flood. */
#define TLS_EMPTY_MOST 64

struct tls {
	SSL *ssl;
	unsigned empty;		/* records without data since some came */
	bool broken;
	char why[96];
};

/* Puts the socket below ssl, which becomes t's; 0 or -1. */
int tls_over(struct tls *t, SSL *ssl, BIO_METHOD *bio, int fd);
/* For the BIOs of one service; null without memory. */
BIO_METHOD *tls_over_bio(void);

/* As tls.h and wire.h say. */
int tls_over_step(struct tls *t, short *events_r);
const char *tls_over_why(struct tls *t);
void tls_over_facts(const struct tls *t, struct tls_facts *f_r);
int tls_over_exporter(const struct tls *t,
    unsigned char bytes_r[TLS_EXPORTER]);
ssize_t tls_over_read(void *ctx, void *p, size_t size, short *events_r);
ssize_t tls_over_write(void *ctx, const void *p, size_t len,
    short *events_r);
void tls_over_end(void *ctx);

#endif

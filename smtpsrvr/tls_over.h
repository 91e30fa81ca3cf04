/*
 * tls_over - one TLS connection: its handshake and its records, for tls.h.
 * Nothing here waits.
 */
#ifndef SMTPSRVR_TLS_OVER_H
#define SMTPSRVR_TLS_OVER_H

#include <openssl/ssl.h>
#include "smtpsrvr/tls.h"

/*
 * What is taken for a flood: so many records without data, one after the
 * other; so many in a handshake; and more than so many in all, if they have
 * less than so many bytes each.
 */
#define TLS_EMPTY_MOST 64
#define TLS_HANDSHAKE_MOST 1000
#define TLS_RECORDS_FREE 10000
#define TLS_RECORD_LEAST 8

struct tls {
	SSL *ssl;
	uint64_t records, bytes;	/* that came in all */
	uint64_t before;	/* records when the last data came */
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

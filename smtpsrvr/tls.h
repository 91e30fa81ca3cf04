/*
 * tls - what lies over a client's connection after STARTTLS, or from its
 * start; the session knows no more of it than this.
 *
 * A service is made once, in the template, with certificates and without
 * keys; null where no certificate is configured.
 */
#ifndef SMTPSRVR_TLS_H
#define SMTPSRVR_TLS_H

#include <stdbool.h>
#include <stdint.h>
#include "lib/buf.h"
#include "lib/settings.h"
#include "smtpsrvr/wire.h"

struct tls;		/* over one connection */

#define TLS_EXPORTER 32		/* bytes, RFC 9266 2 */
#define TLS_CLIENT_NAME 128
#define TLS_FINGERPRINT 65	/* SHA-256 in hexadecimal digits, and NUL */

/* A client's certificate; all of it "" where none came. */
struct tls_client {
	bool verified;		/* by those that we trust to say so */
	char fingerprint[TLS_FINGERPRINT];	/* of the certificate */
	char key[TLS_FINGERPRINT];	/* of its SubjectPublicKeyInfo */
	char subject[256];	/* RFC 4514; printable ASCII */
	char name[TLS_CLIENT_NAME];	/* that it has here (check_tls) */
};

struct tls_facts {
	char version[12];	/* "TLSv1.3" */
	char cipher[48];	/* "TLS_AES_256_GCM_SHA384" */
	char sni[256];		/* the host that the client wanted, or "" */
	char text[340];		/* the three of them, a blank between */
	bool resumed;		/* by a ticket of ours */
	struct tls_client client;
};

struct tls_service {
	/*
	 * Over the socket fd, as set says.  Null, with *why_r constant, if
	 * keysrvr is not there (below jail).
	 */
	struct tls *(*open)(struct tls_service *v, const struct settings *set,
	    const char *jail, int fd, const char **why_r);
	/*
	 * A step of the handshake: 1 it is done, 0 wait for *events_r (poll's)
	 * first, -1 it failed; why tells.
	 */
	int (*step)(struct tls *t, short *events_r);
	const char *(*why)(struct tls *t);
	/* Once it is done. */
	void (*facts)(const struct tls *t, struct tls_facts *f_r);
	/*
	 * What binds an authentication to this connection, and to no other
	 * (tls-exporter, RFC 9266): 0, or -1 if there is nothing that could
	 * (RFC 9266 4.2).
	 */
	int (*exporter)(const struct tls *t,
	    unsigned char bytes_r[TLS_EXPORTER]);
	struct wire_cover cover;	/* its context is a struct tls */
};

#endif

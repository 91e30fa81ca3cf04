/*
 * tls_names - which certificates are for which host names.
 */
#ifndef SMTPSRVR_TLS_NAMES_H
#define SMTPSRVR_TLS_NAMES_H

#include <stddef.h>
#include <stdint.h>
#include <openssl/x509.h>

#define TLS_CERTS 64		/* a bit each */

struct tls_name {
	char *name;		/* lower case; "*.example.org" begins with . */
	uint64_t certs;
};

struct tls_names {
	struct tls_name *at;
	size_t n, room;
	uint64_t first;		/* those with the first one's first name */
};

/* Its DNS names; the common name if it has none (RFC 6125 6.4.4). */
void tls_names_add(struct tls_names *t, X509 *cert, size_t number);
/* When all are added. */
void tls_names_sort(struct tls_names *t);
/*
 * The certificates for name: as it is, or by a wildcard for its first label.
 * For null, and a name that none has: first.
 */
uint64_t tls_names_find(const struct tls_names *t, const char *name);

#endif

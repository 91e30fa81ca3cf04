/*
 * proxy - the header of the PROXY protocol, versions 1 and 2: what stands
 * before the first byte of a connection that a proxy made for its client.
 *
 * Pure: bytes in, a value out.  Whether the one who sent it may say so is for
 * others to decide.
 *
 *	v1 = "PROXY " ("TCP4" / "TCP6") SP source SP destination SP port SP
 *	    port CRLF / "PROXY UNKNOWN" [SP anything] CRLF	; 107 bytes
 *	v2 = signature (12), version and command (1), family and transport (1),
 *	    length (2), addresses, TLVs
 */
#ifndef LIB_PROXY_H
#define LIB_PROXY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/mm.h"
#include "lib/net.h"

#define PROXY_LINE 107		/* the longest of version 1 */
#define PROXY_MOST 16384	/* of version 2: as much as we take */

enum proxy_end {
	PROXY_WHOLE,
	PROXY_MORE,	/* good so far */
	PROXY_BAD
};

struct proxy {
	size_t len;		/* of the header: the client's follows */
	size_t missing;		/* with PROXY_MORE: at least so many bytes */
	int version;
	/* Of the client nothing is said: the connection speaks for itself. */
	bool silent;
	bool local;		/* LOCAL, UNKNOWN: the proxy itself, a check */
	const char *kind;	/* tcp4, tcp6, unix, unknown, local */
	struct netaddr client, server;
	const uint8_t *tlvs;	/* within the header, well-formed */
	size_t tlvs_len;
};

/* Type, length and value; those of SSL have others in them. */
enum proxy_type {
	PROXY_ALPN = 0x01, PROXY_AUTHORITY = 0x02, PROXY_CRC32C = 0x03,
	PROXY_NOOP = 0x04, PROXY_UNIQUE_ID = 0x05, PROXY_SSL = 0x20,
	PROXY_SSL_VERSION = 0x21, PROXY_SSL_CN = 0x22,
	PROXY_SSL_CIPHER = 0x23, PROXY_SSL_SIG = 0x24,
	PROXY_SSL_KEY = 0x25, PROXY_NETNS = 0x30
};

struct proxy_tlv {
	uint8_t type;
	const uint8_t *value;
	size_t len;
};

/* What stands in an SSL before its own TLVs. */
#define PROXY_SSL_HEAD 5	/* client (1), verify (4) */

/*
 * Reads what begins at p, of which len bytes are there.  PROXY_MORE never with
 * PROXY_MOST bytes.  With PROXY_BAD *why_r is a word for the log.
 */
MM_MUST_USE enum proxy_end proxy_parse(const void *p, size_t len,
    struct proxy *x_r, const char **why_r);

/* The TLV at *at, of *left bytes, and steps behind it; false at the end. */
bool proxy_next(const uint8_t **at, size_t *left, struct proxy_tlv *t_r);

#endif

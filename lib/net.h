/*
 * net - addresses as values, and listening sockets.
 */
#ifndef LIB_NET_H
#define LIB_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include "lib/mm.h"

/*
 * A host's address.  IPv4-mapped IPv6 becomes IPv4.  An unused tail of ip is
 * zero, so that whole structs may be compared and hashed.
 */
struct netaddr {
	uint8_t family;		/* 4, 6, or 0: none (a pipe, a unix socket) */
	uint8_t pad;
	uint16_t port;		/* host order */
	uint8_t ip[16];
};

#define NET_TEXT 56	/* room for any address as text */

void net_from_sockaddr(struct netaddr *a, const struct sockaddr *sa);
socklen_t net_to_sockaddr(const struct netaddr *a,
    struct sockaddr_storage *ss_r);
/* "192.0.2.1", "2001:db8::1"; no brackets, no port, no zone; 0 or -1. */
MM_MUST_USE int net_parse(const char *s, struct netaddr *a_r);
/* "192.0.2.0/24": bits beyond the length must be zero; 0 or -1. */
MM_MUST_USE int net_parse_prefix(const char *s, struct netaddr *a_r,
    int *bits_r);
/* The address alone; "-" for none.  dst has NET_TEXT bytes. */
const char *net_text(const struct netaddr *a, char *dst);
/* RFC 5321 4.1.3: "[192.0.2.1]", "[IPv6:2001:db8::1]". */
const char *net_literal(const struct netaddr *a, char *dst);
/* Keeps the first bits bits, clears the others and the port. */
struct netaddr net_prefix(const struct netaddr *a, int bits);
bool net_same_host(const struct netaddr *a, const struct netaddr *b);
int net_bits(const struct netaddr *a);	/* 32, 128, 0 */
/* Is it one at all?  Of what another process sent. */
bool net_good(const struct netaddr *a);

/*
 * A bound, listening, close-on-exec TCP socket with SO_REUSEADDR, TCP_NODELAY
 * (which accepted sockets inherit) and, for IPv6, IPV6_V6ONLY.  -1 with errno.
 */
int net_listen(const struct netaddr *a, int backlog);
/*
 * A unix socket bound to path (an old one there is removed first) with mode;
 * type is SOCK_STREAM, SOCK_SEQPACKET (both listening) or SOCK_DGRAM.
 */
int net_unix_bind(const char *path, int type, int mode);
/*
 * The directory of such sockets: made (0755) if it is missing, and refused
 * (EPERM) if anybody but us could change what is in it.
 */
MM_MUST_USE int net_unix_folder(const char *path);
/* Connected; -1 with errno. */
int net_unix_connect(const char *path, int type);
/* The uid of the other end when it connected; -1 if unknown. */
int64_t net_peer_uid(int sock);

#endif

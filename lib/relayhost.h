/*
 * relayhost - one element of relay-hosts: where a channel's mail is sent.
 *
 *	mx:			the recipient's domain, by its MX records
 *	mx:example.org		that domain, whatever the recipient's is
 *	mail.example.org	a host, by its addresses; :587 behind it
 *	192.0.2.1		an address; :587 behind it
 *	[2001:db8::1]:587	the same; brackets where a port follows
 *	unix:/run/lmtp		a socket of this machine
 *
 * Pure: text in, value out.
 */
#ifndef LIB_RELAYHOST_H
#define LIB_RELAYHOST_H

#include <stdint.h>
#include "lib/net.h"

enum relayhost_kind {
	RELAYHOST_MX, RELAYHOST_NAME, RELAYHOST_ADDRESS, RELAYHOST_UNIX
};

#define RELAYHOST_PATH 108	/* of a socket, with its NUL */

struct relayhost {
	enum relayhost_kind kind;
	uint16_t port;		/* 0: not said */
	struct netaddr address;	/* RELAYHOST_ADDRESS; its port is 0 */
	/* Domain ("" is the recipient's), host, address as text, or path. */
	char name[256];
};

MM_MUST_USE int relayhost_parse(const char *text, struct relayhost *r_r);

#endif

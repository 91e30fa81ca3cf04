/*
 * relay_wire - a connection to another mail system: bytes out, replies in,
 * each before a deadline.
 *
 * While it writes it reads: a server that answers a long pipelined group may
 * itself wait until its answers are taken (RFC 2920 3.1).
 */
#ifndef CHANS_RELAY_WIRE_H
#define CHANS_RELAY_WIRE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "chans/relay_reply.h"
#include "lib/buf.h"
#include "lib/net.h"

#define RELAY_WIRE_UNREAD (256 * 1024)	/* that may wait to be parsed */
#define RELAY_WIRE_PATH 108

/* Where a server is. */
struct relay_place {
	struct netaddr address;		/* with its port; or family 0: path */
	char path[RELAY_WIRE_PATH];
};

struct relay_wire;

/* TLS, in a program that has it (relay_tls.h). */
struct relay_cipher {
	/*
	 * As recv and send of a socket that never waits; with errno EAGAIN
	 * *want_r says for what to poll.
	 */
	ssize_t (*read)(void *state, void *p, size_t len, short *want_r);
	ssize_t (*write)(void *state, const void *p, size_t len,
	    short *want_r);
	void (*end)(void *state);
};

struct relay_wire {
	int fd;			/* -1: not connected */
	const struct relay_cipher *cipher;	/* null: in the clear */
	void *state;		/* the cipher's */
	struct buf in;		/* read and not taken yet */
	/* Called about every tick_ms while it waits; or null. */
	void (*tick)(void);
	int tick_ms;
	int64_t ticked;
};

/* Both kept by reference; the wire is not connected yet. */
void relay_wire_init(struct relay_wire *w, void (*tick)(void), int tick_ms);
/*
 * source may be null, or the address to connect from (of the same family).
 * 0, or -1 with errno.
 */
MM_MUST_USE int relay_wire_connect(struct relay_wire *w,
    const struct relay_place *place, const struct netaddr *source,
    int64_t deadline);
/* Waits until the socket is ready for events: 0, or -1 with errno. */
MM_MUST_USE int relay_wire_wait(struct relay_wire *w, short events,
    int64_t deadline);
/* All of it: 0, or -1 with errno (ETIMEDOUT, EPIPE and others). */
MM_MUST_USE int relay_wire_write(struct relay_wire *w, const void *p,
    size_t len, int64_t deadline);
/*
 * The next reply; line and arg as in relay_reply.h.  0, or -1 with errno:
 * EPIPE the other end closed, EBADMSG what came is no reply.
 */
MM_MUST_USE int relay_wire_reply(struct relay_wire *w, struct relay_reply *r_r,
    int64_t deadline, void (*line)(void *arg, const char *text, size_t len),
    void *arg);
/*
 * Whether nothing came that nobody asked for (then the next reply would not
 * be that to the next command), and the other end has not closed.
 */
bool relay_wire_quiet(struct relay_wire *w);
/* Takes a reply that is there already, without waiting; false: none is. */
bool relay_wire_last(struct relay_wire *w, struct relay_reply *r_r);
void relay_wire_close(struct relay_wire *w);

#endif

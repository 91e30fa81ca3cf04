/*
 * relay_talk - a connection over which mail can be sent: greeting, EHLO (or
 * HELO, or LHLO), STARTTLS, AUTH, and the end of it.
 *
 * One transaction is relay_mail.h's.
 */
#ifndef CHANS_RELAY_TALK_H
#define CHANS_RELAY_TALK_H

#include <stdbool.h>
#include <stdint.h>
#include "chans/chanproto.h"
#include "chans/relay_caps.h"
#include "chans/relay_wire.h"
#include "lib/settings.h"

#define RELAY_COMMAND_MOST 4096

/* A server to try. */
struct relay_host {
	char name[256];		/* as configured, or of its MX record */
	struct relay_place place;
	char domain[256];	/* whose MX it is; then it is not this host */
};

/* Who the other end of TLS is, and has to prove that it is. */
struct relay_identity {
	const char *server;	/* the name to ask for (SNI), or "" */
	/* Or there is no TLS: by a certificate that we trust, with */
	bool verify;
	const char *address;	/* this address; null: with one of */
	const char *const *names; /* these; a dot in front: any below */
	size_t n;
};

/* TLS, in the program that has it. */
struct relay_securer {
	/* Before any connection; null: it was logged why not. */
	void *(*open)(const struct settings *s);
	void (*close)(void *ctx);
	/*
	 * The handshake: 0 and w's cipher, or -1 with a reason.  *proven_r:
	 * its certificate is that of who, asked for or not.
	 */
	int (*start)(void *ctx, struct relay_wire *w,
	    const struct relay_identity *who, int64_t deadline,
	    bool *proven_r, char *why_r, size_t size);
};

struct relay_talk;

/* Logging in, in the same. */
struct relay_loginer {
	/* Before any connection; null: it was logged why not. */
	void *(*open)(const struct settings *s);
	void (*close)(void *ctx);
	/* 0: that is done, or there is no login for that host; or -1. */
	int (*login)(void *ctx, struct relay_talk *t,
	    const struct relay_host *host, struct chan_answer *fault_r);
};

/* What one of the programs has and the other has not. */
struct relay_kind {
	bool lmtp;		/* RFC 2033 */
	const struct relay_securer *tls;	/* or null */
	const struct relay_loginer *auth;	/* or null */
};

/* What all connections of a program have in common. */
struct relay_side {
	const struct relay_kind *kind;
	const struct settings *s;
	void *tls;		/* of kind->tls */
	void *auth;		/* of kind->auth, or null */
};

struct relay_talk {
	struct relay_wire wire;
	const struct relay_side *side;
	const struct relay_host *host;	/* while it is opened */
	char peer[320];		/* for people: "mx.example.org[192.0.2.1]" */
	struct relay_caps caps;
	bool secure;		/* by TLS */
	bool proven;		/* and it is who it should be */
	bool local;		/* a socket of this machine */
	bool known;		/* we have logged in */
	bool broken_tls;	/* the handshake failed */
	bool reset;		/* a transaction is open that must be ended */
	int64_t sent;		/* transactions begun */
	int64_t used;		/* when the last one ended, clock_ms */
};

/*
 * Connects and gets ready; side is kept by reference.  0, or -1: it is
 * closed, and *fault_r says why,
 * as CHAN_NEVER only where the server itself said that it never takes mail.
 */
MM_MUST_USE int relay_talk_open(struct relay_talk *t,
    const struct relay_side *side, const struct relay_host *host,
    struct chan_answer *fault_r);
/* Closes it; where both ends agree on the state, with QUIT. */
void relay_talk_quit(struct relay_talk *t);
void relay_talk_close(struct relay_talk *t);

/*
 * The reply to what was sent, which stage names ("MAIL").  0; or -1 and
 * *fault_r (later): there was none, or it was 421; then the connection is of
 * no use.
 */
MM_MUST_USE int relay_talk_hear(struct relay_talk *t, int64_t deadline,
    const char *stage, struct relay_reply *r_r, struct chan_answer *fault_r);
/* Sends one line, without its end, and waits for the reply: the same. */
MM_MUST_USE int relay_talk_ask(struct relay_talk *t, const char *stage,
    const char *command, struct relay_reply *r_r,
    struct chan_answer *fault_r);
/* As chanproto_fill, with the peer before what went wrong there. */
void relay_talk_fault(const struct relay_talk *t, struct chan_answer *a,
    const char *code, const char *fmt, ...) MM_PRINTF(4, 5);
/* Writing failed: what it had said until then, or errno. */
void relay_talk_broken(struct relay_talk *t, const char *stage,
    struct chan_answer *fault_r);
/*
 * What it said as an answer; code null: its enhanced code, where that is of
 * the outcome's class.
 */
void relay_talk_said(const struct relay_talk *t, struct chan_answer *a,
    enum chan_outcome outcome, const char *code,
    const struct relay_reply *r);

#endif

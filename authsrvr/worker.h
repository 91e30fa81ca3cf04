/*
 * worker - the pool of processes that ask the back ends: whatever may block,
 * or hold a secret longer than a moment, is not done by authsrvr itself.
 *
 * A question goes to one worker, which asks the back ends in the order of the
 * setting auth-backends until one knows the login; if none says yes, it is
 * LATER where one of them failed, else NO (verify.h).  A worker is a process
 * made for that question by authworker, the one program that we start: it
 * kills who takes longer than auth-worker-time, with all that it started, and
 * says LATER.  Who there is not takes as long as who has another password.
 *
 * No client has more than three quarters of the workers and a quarter of the
 * places to wait, and of those that wait it is the turn of whoever has the
 * fewest workers.
 */
#ifndef AUTHSRVR_WORKER_H
#define AUTHSRVR_WORKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "authsrvr/passrow.h"
#include "lib/authproto.h"
#include "lib/conf.h"
#include "lib/mm.h"
#include "lib/net.h"

enum verify_kind {
	VERIFY_PASSWORD,	/* of PLAIN and LOGIN */
	/*
	 * Of XOAUTH2 and OAUTHBEARER: secret is the client's whole response,
	 * login what it says, perhaps nothing.
	 */
	VERIFY_TOKEN,
	/*
	 * Of SCRAM: what the password file has for that mechanism; there is no
	 * secret.  YES: it is the login's.  NO: nobody's, with which the
	 * exchange goes the same way, and fails.
	 */
	VERIFY_SCRAM,
	/* Of CRAM-MD5: secret is the challenge, a blank and the digest. */
	VERIFY_DIGEST,
	VERIFY_KINDS
};

enum verify_answer { VERIFY_YES, VERIFY_NO, VERIFY_LATER };

#define VERIFY_BACKEND 16
#define VERIFY_WHY 256
#define VERIFY_CHALLENGE 1024

/* Bytes behind a NUL are zero; secret may hold any. */
struct verify_question {
	uint8_t kind;			/* enum verify_kind */
	uint8_t tls;			/* the session is over TLS */
	uint16_t secret_len;
	struct netaddr client;
	char mechanism[AUTH_MECHANISM];
	char login[AUTH_LOGIN];		/* as it was typed */
	char secret[AUTH_DATA + 1];	/* with a NUL behind it */
};

/* What goes over a socket ends with the secret's NUL. */
#define VERIFY_QUESTION_LEN(q) \
	(offsetof(struct verify_question, secret) + (q)->secret_len + 1)

struct verify_result {
	uint8_t answer;			/* enum verify_answer */
	char backend[VERIFY_BACKEND];	/* who said so, or "" */
	char login[AUTH_LOGIN];		/* YES: canonical */
	char why[VERIFY_WHY];		/* LATER: for the log, which has it */
	/*
	 * NO to a token: what the client must be told, and answer with
	 * anything, before it may hear so (RFC 7628 3.2.3); "" if nothing.
	 */
	char challenge[VERIFY_CHALLENGE];
	struct scram_secret scram;	/* of SCRAM, unless LATER */
};

struct workers;		/* the pool */

/*
 * Called before authsrvr is confined: who starts workers later does not come
 * under its filter, in which sendto and recvfrom are enough for the pool.  Null
 * if authworker cannot be started; should that end later, so do we (fatal): we
 * could not start another.  The pool's descriptors are watched in epoll, with
 * data (below 256) in the lowest byte of the upper half.  Each question is
 * answered once, by answered(ctx, id, result), never from within
 * workers_ask().
 */
typedef void workers_answered(void *ctx, uint64_t id,
    const struct verify_result *r);
struct workers *workers_new(const struct conf *c, int epoll, uint32_t data,
    workers_answered *answered, void *ctx);
/*
 * Copies the question, and wipes its copy as soon as a worker has it; -1 if
 * too many wait: later.
 */
MM_MUST_USE int workers_ask(struct workers *w, uint64_t id,
    const struct verify_question *q);
/* Nobody wants the answer any more; it is not given. */
void workers_forget(struct workers *w, uint64_t id);
void workers_event(struct workers *w, uint64_t data, uint32_t events);
/* How long the loop may sleep, at most most. */
int workers_wait(const struct workers *w, int most);
void workers_tick(struct workers *w, int64_t now);
/* Ends them all. */
void workers_free(struct workers *w);

#endif

/*
 * worker - the pool of processes that ask the back ends: whatever may block,
 * or hold a secret longer than a moment, is not done by authsrvr itself.
 *
 * A question goes to one worker, which asks the back ends in the order of the
 * setting auth-backends until one says yes; if none does, it is LATER where
 * one of them failed, else NO.  A worker that takes longer than it may is
 * killed and replaced, and its question answered with LATER.  Who there is not
 * takes as long as who has another password.
 */
#ifndef AUTHSRVR_WORKER_H
#define AUTHSRVR_WORKER_H

#include <stdbool.h>
#include <stdint.h>
#include "lib/authproto.h"
#include "lib/conf.h"
#include "lib/mm.h"
#include "lib/net.h"

enum verify_kind {
	VERIFY_PASSWORD,	/* of PLAIN and LOGIN */
	VERIFY_TOKEN		/* of XOAUTH2 and OAUTHBEARER: secret is the
				 * client's whole response, login what it says */
};

enum verify_answer { VERIFY_YES, VERIFY_NO, VERIFY_LATER };

#define VERIFY_BACKEND 16

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

struct verify_result {
	uint8_t answer;			/* enum verify_answer */
	char backend[VERIFY_BACKEND];	/* who said so, or "" */
	char login[AUTH_LOGIN];		/* YES: canonical */
};

struct workers;		/* the pool */

/*
 * Called before authsrvr is confined: who starts workers later does not come
 * under its filter.  The pool's descriptors are watched in epoll, with data
 * (below 256) in the lowest byte of the upper half.  Each question is answered
 * once, by answered(ctx, id, result), never from within workers_ask().
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

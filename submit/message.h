/*
 * message - one message while it is being taken: decided, counted, held in
 * memory while small and in its entry's file when large.
 *
 * A refusal that is not about a single address stays with the message: what
 * follows of it is thrown away, and the commit gives the refusal.
 */
#ifndef SUBMIT_MESSAGE_H
#define SUBMIT_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>
#include "lib/path.h"
#include "lib/quota.h"
#include "lib/reply.h"
#include "submit/decide.h"
#include "submit/desk.h"
#include "submit/hops.h"
#include "submit/recipients.h"
#include "submit/results.h"

/* A message up to this is held in memory until its commit. */
#define MESSAGE_HELD (128 * 1024)

struct message {
	char *copy;		/* the envelope's payload, env points there */
	struct sub_envelope env;
	char id[TRACE_ID];
	char sender[PATH_TEXT];
	const char *with;
	bool refused;
	struct reply refusal;
	int64_t given;		/* RECIPIENT frames */
	uint32_t accepted;	/* those that were not refused */
	bool counted;		/* by the rules of rates */
	bool handed;		/* and its commit has that to see to */
	struct quota *lent;	/* what counted it before it was whole */
	char waits[RATE_TEXT];	/* why it waits for an operator, or "" */
	size_t routed;		/* different ones, once text came */
	char only[PATH_TEXT];	/* the first of them */
	struct recipients to;
	struct room_share share;	/* of the room in the queue */
	uint64_t foreseen;	/* bytes of text that this is for */
	struct hops hops;
	uint64_t length;	/* of the text */
	struct entry *entry;	/* null until the text begins */
	struct buf held;	/* of the entry, not yet in its file */
	size_t header;		/* so much of held is header */
};

/* Who speaks, and to whom. */
struct side {
	struct desk *desk;
	const struct caller *caller;
	const struct whence *whence;
	const struct questions *questions;	/* of what is decided now */
};

/*
 * Begins with an ENVELOPE's payload.  Null with a constant text if that is
 * malformed; else reply_r is the answer (SENDER_OK or the refusal).
 */
struct message *message_begin(const struct side *s, const void *p, size_t len,
    struct reply *reply_r, const char **why_r);
/*
 * A RECIPIENT's payload; -1 with a text if malformed, reply_r the answer.  1
 * if the desk's questions are open: nothing has happened yet then.
 */
MM_MUST_USE int message_recipient(const struct side *s, struct message *m,
    const void *p, size_t len, struct reply *reply_r, const char **why_r);
/* Bytes of the text. */
void message_data(const struct side *s, struct message *m, const void *p,
    size_t len);
/*
 * Ends it: the job for commit_give(), whose bytes and entry left m; or null,
 * and m's refusal is the answer.
 */
struct job *message_finish(const struct side *s, struct message *m);
/* What was found out about its client. */
void message_results(const struct side *s, const struct message *m,
    struct results *x_r);
/* The commit failed: it does not count. */
void message_failed(const struct side *s, struct message *m);
/* No commit of it is under way. */
void message_free(struct desk *k, struct message *m);

#endif

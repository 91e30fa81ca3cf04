/*
 * dialogue - the server side of subproto: which frame is allowed when.
 *
 * One table of requests; anything it does not allow ends that connection and
 * is logged.  No descriptor is read or written here: bytes come in by in, and
 * go out by out.
 */
#ifndef SUBMIT_DIALOGUE_H
#define SUBMIT_DIALOGUE_H

#include <stdbool.h>
#include "lib/buf.h"
#include "submit/desk.h"
#include "submit/message.h"

/* Two whole frames. */
#define DIALOGUE_IN (2 * (SUB_FRAME_MOST + sizeof(struct sub_header)))
#define DIALOGUE_OUT (64 * 1024)

enum dialogue_state {
	DIALOGUE_HELLO,		/* nothing said yet */
	DIALOGUE_READY,		/* between messages; a HELLO says all anew */
	DIALOGUE_ENVELOPE,	/* a sender, and perhaps recipients */
	DIALOGUE_TEXT,		/* within the text */
	DIALOGUE_STATES
};

/* What whence needs; what tables ask, for the source or for a recipient. */
/* START: deliver's answer. */
enum dialogue_wait { ASKS_NOTHING, ASKS_NEED, ASKS_SOURCE, ASKS_RECIPIENT,
	ASKS_START };

struct dialogue {
	enum dialogue_state state;
	struct caller caller;
	struct whence whence;
	struct message *message;	/* null between messages */
	struct buf in, out;
	struct questions questions;	/* of what is being decided */
	enum dialogue_wait asking;	/* for what of lookup's */
	char node[CONTROL_NAME];	/* ASKS_START: of what */
	bool committing;	/* waits for the disk */
	bool over;		/* why is set, and was logged */
};

void dialogue_init(struct dialogue *d, enum door door, int64_t uid);
/* Not while it is committing. */
void dialogue_free(struct desk *k, struct dialogue *d);

/*
 * Takes whole frames from in until there is none, it has to wait, or out has
 * something: what is answered must be read before more is done.
 */
void dialogue_run(struct desk *k, struct dialogue *d);
/*
 * The answers that it waited for; dialogue_run() goes on, unless it asks once
 * more.  a null: lookup did not answer.
 */
void dialogue_answered(struct desk *k, struct dialogue *d,
    const struct ask_answer *a);
/* deliver's answer; a null: there is none. */
void dialogue_started(struct desk *k, struct dialogue *d,
    const struct control_answer *a);
void dialogue_committed(struct desk *k, struct dialogue *d, struct job *j);

#endif

/*
 * children - the programs that smtpd starts and starts again.
 */
#ifndef SMTPD_CHILDREN_H
#define SMTPD_CHILDREN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "lib/plan.h"
#include "smtpd/listener.h"

enum child_name {
	CHILD_LOGGER, CHILD_LOOKUP, CHILD_SUBMIT, CHILD_AUTH, CHILD_TEMPLATE,
	CHILD_NEXT,	/* the template that will replace it */
	CHILD_COUNT
};

struct child {
	pid_t pid;	/* 0: does not run */
	int control;	/* our end of descriptor 4, or -1 */
	bool ready;	/* it said so */
	int64_t since;	/* monotonic */
	int64_t again;	/* when to start it again; 0: not wanted */
	int failures;	/* ends in a row before it was ready */
};

/* What a child is given. */
struct kit {
	const struct plan *plan;
	const char *smtpsrvr;	/* path as the operand had it, or null */
	int record;
	int rows;
	int counts_write, counts_read;	/* submit's table */
	int logins;		/* authsrvr's, to write */
	int receipts;		/* the key: lib/receipt.h */
	bool debug;
	const struct inner *inner;
};

/* Starts it; 0, or -1 with errno.  Any old control descriptor is closed. */
int child_start(struct child *c, enum child_name name, const struct kit *k);
/* Kills it when it has not become ready within that time. */
void child_watch(struct child *c, enum child_name name, int64_t now,
    int64_t most);
/* It ended: decides when to start it again.  A pause grows to 5 s. */
void child_ended(struct child *c, enum child_name name, int status);
/* Closes its control descriptor: it finishes and ends by itself. */
void child_release(struct child *c);
const char *child_text(enum child_name name);

#endif

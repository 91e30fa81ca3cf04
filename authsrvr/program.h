/*
 * program - runs one that says whether a password is good.
 */
#ifndef AUTHSRVR_PROGRAM_H
#define AUTHSRVR_PROGRAM_H

#include "authsrvr/backend.h"
#include "lib/buf.h"

struct program {
	const struct strings *command;	/* a file name and arguments */
	const char *more;	/* one argument behind them, or null */
	int at;			/* the descriptor it reads from: 0 or 3 */
	const struct buf *input;
	struct buf *output;	/* of descriptor 1, up to its size; or null */
};

/*
 * No shell; an environment of PATH, LANG, PROTO, SERVICE and TCPREMOTEIP.  0
 * with the exit code, or -1 where it did not run or was killed: then i's result
 * says why.  Waits as long as it takes: authworker kills both.
 */
MM_MUST_USE int program_run(struct inquiry *i, const struct program *p,
    int *code_r);

#endif

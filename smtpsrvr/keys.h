/*
 * keys - the keysrvr of a template, or of a session by exec.
 *
 * Each has its own, so that certificates and keys are always of the same
 * moment, and those of sessions that live on after a reload stay as they
 * were.  Its socket is in the jail under a name of its own.
 */
#ifndef SMTPSRVR_KEYS_H
#define SMTPSRVR_KEYS_H

#include <sys/types.h>
#include "lib/plan.h"

struct keysrvr {
	pid_t pid;		/* 0: none */
	int control;		/* the last one to close it ends keysrvr */
	char name[32];		/* of its socket below the jail */
};

/*
 * Starts it and waits until it has read its keys; before confinement.  record
 * is the configuration record, log the log's socket or -1.  0, or -1, logged
 * (by keysrvr itself, too).
 */
int keys_start(struct keysrvr *k_r, const struct plan *p, const char *jail,
    int record, int log);

#endif

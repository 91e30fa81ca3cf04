/*
 * tailored - the plan and the configuration record, from tailor.
 *
 * Nobody but tailor reads the configuration file.  It is started
 * unprivileged (as nobody where we are root) with a memory file to write to.
 */
#ifndef LIB_TAILORED_H
#define LIB_TAILORED_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "lib/plan.h"

/* What tailor is told; null or false where nothing. */
struct tailored_options {
	const char *file;	/* -C */
	const char *port;	/* -p */
	const char *most;	/* -n */
	const char *network;	/* -N: address or name to bind and greet as */
	const char *address;	/* -a */
	const char *channels;	/* -c */
	const char *programs;	/* -L; tailor itself is there too */
	bool finicky;		/* -f */
	int log;		/* a log socket for mistakes, too; 0: none */
};

struct tailored {
	pid_t pid;	/* of a tailor that runs; 0: none */
	int record;	/* the memory file; -1: none */
	int64_t since;	/* monotonic, when it was started */
};

/* Starts tailor; 0 or -1 with errno. */
MM_MUST_USE int tailored_start(struct tailored *t_r,
    const struct tailored_options *o);
/*
 * After its end with status: seals the record and reads the plan.  0, or -1
 * (tailor has said why) with the memory file closed.
 */
MM_MUST_USE int tailored_take(struct tailored *t, int status,
    struct plan *plan_r);
/*
 * Start, wait, take: the record's descriptor, or -1 with the exit code for
 * the caller in *code_r (78 configuration, 64 usage, 71).
 */
int tailored_run(const struct tailored_options *o, struct plan *plan_r,
    int *code_r);

#endif

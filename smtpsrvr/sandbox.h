/*
 * sandbox - what a session cannot do, in layers.
 *
 * What the template does once every session inherits; the last steps are the
 * session's own.  Each layer has a test that tries what it alone forbids
 * (tests/smtpsrvr/t_sandbox.c).
 */
#ifndef SMTPSRVR_SANDBOX_H
#define SMTPSRVR_SANDBOX_H

#include <stdbool.h>
#include "lib/proc.h"

/* The layers; production has all, a test some. */
enum {
	SANDBOX_NETWORK = 1,	/* an empty network namespace */
	SANDBOX_ROOT = 2,	/* the jail as root directory */
	SANDBOX_USER = 4,	/* the session user, no groups, no capability */
	SANDBOX_LIMITS = 8,	/* no core, no new code, few fds */
	SANDBOX_LANDLOCK = 16,	/* no files, TCP, abstract sockets, signals */
	SANDBOX_FILTER = 32,	/* about twenty system calls */
	SANDBOX_FILES = 64,	/* not a byte to any file */
	SANDBOX_ALL = 127
};

struct sandbox {
	int layers;		/* wanted */
	int missing;		/* that this kernel or user cannot have */
	int landlock;		/* the rule set, or -1 */
	bool jailed;		/* the root directory is the jail */
	char why[160];		/* what is missing, for the log */
};

/*
 * The template's steps; jail is the directory.  Where we are not root the
 * namespaces are had through a user namespace, if the kernel gives one.
 * 0, or -1: a layer that root can always have failed; *why says which.
 */
int sandbox_template(struct sandbox *b, int layers, const char *jail,
    const struct proc_user *user);
/* The session's steps.  0 or -1: the caller ends without a byte read. */
int sandbox_session(const struct sandbox *b);

#endif

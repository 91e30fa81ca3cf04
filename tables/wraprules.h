/*
 * wraprules - hosts.allow and hosts.deny as lines and words
 * (hosts_access(5), hosts_options(5)).
 *
 * Whether a rule holds for a client is libwrap's to say.  Here stands what
 * must be known before it is asked: which rules are about us, and what in
 * them it would run, pass over, or not come back from.
 */
#ifndef TABLES_WRAPRULES_H
#define TABLES_WRAPRULES_H

#include <stdbool.h>
#include "lib/buf.h"
#include "lib/mm.h"

struct wraprule {
	int line;		/* its last one, as libwrap counts */
	const char *daemons;
	const char *clients;	/* null: the colon is missing */
	const char *options;	/* "" if none */
	bool too_long;
};

enum wraprule_verdict {
	WRAPRULE_GOOD,
	WRAPRULE_NOT_DONE,	/* its verdict holds; what it runs is not run */
	WRAPRULE_USELESS	/* nobody can say whom it allows */
};

/*
 * Calls row for each rule of the file, until it gives something else than 0.
 * A file that is not there has no rules.  0, or -1 with the reason.
 */
MM_MUST_USE int wraprules_walk(const char *path,
    int (*row)(void *arg, const struct wraprule *r), void *arg,
    struct buf *why_r);
/* Was Inlet built with libwrap? */
bool wraprules_heeded(void);
/* Is there any rule?  True too for a file that cannot be read. */
bool wraprules_any(const char *path);
/* Does any set variables?  1 or 0; -1 for a file that cannot be read. */
int wraprules_set(const char *path);
/* Is the rule about the daemon of that name? */
bool wraprules_about(const struct wraprule *r, const char *daemon);
/* Is it about all clients, without exception? */
bool wraprules_everybody(const struct wraprule *r);
/* Has it that option, and behind it that word (null: whatever)? */
bool wraprules_option(const struct wraprule *r, const char *option,
    const char *value);
/* What is wrong with it goes to why_r. */
enum wraprule_verdict wraprules_judge(const struct wraprule *r,
    struct buf *why_r);

#endif

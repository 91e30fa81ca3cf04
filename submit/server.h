/*
 * server - the receiving loop: one epoll for all callers, none of which can
 * hold the others up.
 *
 * A caller costs what it has sent and not yet committed, and no more than two
 * frames and MESSAGE_HELD; there are at most so many of them; and a message
 * that does not go on for ten minutes is forgotten.
 */
#ifndef SUBMIT_SERVER_H
#define SUBMIT_SERVER_H

#include "lib/plan.h"
#include "submit/desk.h"

struct server_plan {
	int control;		/* smtpd's end of file ends us; -1: none */
	int jail, users;	/* listening; -1: none */
	int caller;		/* one connection, then the end; -1: none */
	char lookup[PLAN_PATH];	/* the paths of their sockets */
	char deliver[PLAN_PATH];
	int most;		/* callers at once */
	int64_t ask_ms;		/* how long to wait for a name */
	int64_t commit_delay;	/* as commit_start() wants it */
};

/*
 * Serves until smtpd is gone, SIGTERM or SIGINT comes (both blocked by now;
 * signals is the signalfd for them), or the one caller is done.  What is
 * under way then is finished, for 30 s at most.  recover and journal may be
 * null.
 */
void server_run(struct desk *k, const struct server_plan *plan, int signals,
    struct recover *recover, struct journal *journal);

#endif

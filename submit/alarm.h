/*
 * alarm - a message to whom held-notice names, when a login is held for being
 * over its rates: by way of our own socket, like any user's.
 *
 * It is written by a thread of its own, since we would wait for ourselves.  At
 * our end it is waited for as others' messages are, and where it cannot be had
 * the log says so; the log has what it says in any case.
 */
#ifndef SUBMIT_ALARM_H
#define SUBMIT_ALARM_H

#include <stdatomic.h>
#include "lib/conf.h"
#include "lib/mm.h"
#include "lib/trace.h"

#define ALARMS_MOST 4		/* at once */

/* All zero: none is under way.  Lives as long as the process. */
struct alarms {
	_Atomic int n;
};

struct alarm {
	const char *login, *rule;
	const char *ip;		/* "": this machine */
	char id[TRACE_ID];	/* of the first message that is held */
};

/*
 * Nothing where held-notice is empty.  -1 with errno if there are too many at
 * once, or no thread can be had.
 */
MM_MUST_USE int alarm_send(struct alarms *all, const struct conf *c,
    const struct alarm *a);

#endif

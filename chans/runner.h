/*
 * runner - runs a command: no shell, nothing inherited, a time limit, and an
 * end of all that it has started.
 */
#ifndef CHANS_RUNNER_H
#define CHANS_RUNNER_H

#include <stddef.h>
#include <stdint.h>
#include "chans/guard.h"
#include "lib/mm.h"

#define RUNNER_TEXT 512

struct runner_job {
	char *const *argv;	/* argv[0] is a file's absolute name */
	char *const *env;
	int in;			/* its standard input */
	const char *directory;	/* where it runs */
	int64_t memory;		/* bytes of data that it may have; 0: any */
	int64_t ms;		/* the time limit */
};

enum runner_end {
	RUNNER_EXITED,		/* number: its status */
	RUNNER_SIGNALLED,	/* number: the signal */
	RUNNER_LATE,		/* the time limit was over */
	RUNNER_NOT		/* it did not run; number: errno */
};

struct runner_result {
	enum runner_end end;
	int number;
	/* The last line that it wrote, or why it did not run; printable. */
	char text[RUNNER_TEXT];
};

/*
 * Waits for its end.  What it has left in its process group is killed then;
 * at the time limit all of it gets SIGTERM and, 2 seconds later, SIGKILL.
 * -1 with errno: nothing is known of how it ended, if it ran.
 */
MM_MUST_USE int runner_run(struct guard *g, const struct runner_job *job,
    struct runner_result *r_r);

#endif

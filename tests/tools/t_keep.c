/*
 * keep: the first restart is at once, later ones wait longer, up to a bound;
 * signals reach what runs.
 */
#include "config.h"

#include <signal.h>
#include <sys/wait.h>
#include "lib/clock.h"
#include "lib/log.h"
#include "tests/tap.h"
#include "tools/keep.h"

static int64_t
pause_after_end(struct kept_program *p)
{
	int64_t before = clock_ms();

	p->since = before;
	keep_ended(p, 0);
	return p->again - before;
}

static void
pauses(void)
{
	struct kept_program p = { .name = "x", .again = CLOCK_NEVER };
	int64_t pause, last = -1;
	int tries = 20;

	/* Who had to wait for a processor in the midst of it tries again. */
	do {
		p = (struct kept_program){ .name = "x", .again = CLOCK_NEVER };
		pause = pause_after_end(&p);
	} while (pause >= 50 && --tries > 0);
	ok(pause < 50, "the first restart is at once");
	for (int i = 0; i < 10; i++) {
		pause = pause_after_end(&p);
		if (pause < last)
			break;
		last = pause;
	}
	ok(last >= KEEP_PAUSE_MOST && last < 2 * KEEP_PAUSE_MOST,
	    "pauses grow to five seconds, and no more");
	p.since = clock_ms() - KEEP_GOOD;
	keep_ended(&p, 0);
	ok(p.again <= clock_ms(), "one that ran well is back at once");
}

static void
running(void)
{
	char name[] = "sleep", seconds[] = "100", *argv[] = { name, seconds,
	    NULL };
	struct kept_program p = { .name = "sleep", .path = "/bin/sleep",
	    .argv = argv };
	int status = 0;

	keep_signal(&p, SIGTERM);
	ok(p.pid == 0, "no signal where nothing runs");
	keep_start(&p);
	ok(p.pid > 0 && p.again == CLOCK_NEVER, "it runs");
	keep_signal(&p, SIGTERM);
	ok(waitpid(p.pid, &status, 0) == p.pid && WIFSIGNALED(status) &&
	    WTERMSIG(status) == SIGTERM, "the signal reached it");
	keep_ended(&p, status);
	ok(p.pid == 0 && p.status == status, "it is known to have ended");
}

int
main(void)
{
	log_open("t_keep", -1, LEVEL_ERROR);
	pauses();
	running();
	return done();
}

/*
 * keep - runs a few programs and starts those again that end by themselves.
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/proc.h"
#include "lib/variables.h"
#include "tools/keep.h"
#include "tools/manager.h"

void
keep_start(struct kept_program *p)
{
	int fds[3 + KEEP_SOCKETS] = { -1, STDOUT_FILENO, STDERR_FILENO };
	char *more[2 + VARIABLES_MOST + 1];
	int n = manager_hand_on(p->sockets, more);

	/* Those that are settings are for smtpd. */
	variables_pick(environ, more + n);
	for (int i = 3; i < 3 + p->sockets; i++)
		fds[i] = i;
	p->since = clock_ms();
	p->again = CLOCK_NEVER;
	p->pid = proc_start_with(p->path, p->argv, fds, 3 + p->sockets, NULL,
	    more);
	if (p->pid > 0)
		return;
	log_note(LEVEL_ERROR, "cannot start %s: %s", p->name,
	    strerror(errno));
	p->pid = 0;
	keep_ended(p, EX_OSERR << 8);
}

void
keep_ended(struct kept_program *p, int status)
{
	int64_t now = clock_ms();
	char text[64];

	p->pid = 0;
	p->status = status;
	if (now - p->since >= KEEP_GOOD)
		p->pause = 0;
	p->again = now + p->pause;
	log_note(LEVEL_WARNING, "%s ended (%s), starting it again in %d ms",
	    p->name, proc_end(status, text, sizeof(text)), (int)p->pause);
	p->pause = p->pause == 0 ? KEEP_PAUSE_FIRST : 2 * p->pause;
	if (p->pause > KEEP_PAUSE_MOST)
		p->pause = KEEP_PAUSE_MOST;
}

void
keep_signal(const struct kept_program *p, int sig)
{
	if (p->pid > 0)
		(void)kill(p->pid, sig);
}

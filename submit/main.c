/*
 * submit - the only creator of entries in the queue.
 *
 *	submit		resident, started by smtpd
 *	submit -c	the child of one session, which is on descriptor 0
 *
 * Runs as the submit user.  Believes no caller: sessions prove their row,
 * everything that can be decided from it is decided again here.
 */
#include "config.h"

#include <sys/signalfd.h>

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "lib/log.h"
#include "submit/start.h"

/* Blocked in all threads; read as events. */
static int
open_signals(void)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	if (sigprocmask(SIG_SETMASK, &set, NULL) != 0)
		return -1;
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd;
}

int
main(int argc, char **argv)
{
	static struct desk desk;	/* threads may outlive us */
	struct server_plan plan;
	struct recover *recover;
	struct journal *journal;
	bool child = argc == 2 && strcmp(argv[1], "-c") == 0;
	int signals;

	if (!child && argc != 1) {
		static const char usage[] = "usage: submit [-c]\n";

		(void)!write(STDERR_FILENO, usage, sizeof(usage) - 1);
		return EX_USAGE;
	}
	start_open(&desk, child, &plan);
	signals = open_signals();
	if (signals == -1)
		fatal(EX_OSERR, "signalfd: %s", strerror(errno));
	/* The children of sessions leave the queue's check to the resident. */
	recover = child ? NULL : recover_begin(&desk.spool);
	journal = child ? NULL : start_journal(&desk);
	start_room(&desk);
	start_confine(&plan);
	start_ready(&plan);
	server_run(&desk, &plan, signals, recover, journal);
	recover_end(recover);
	site_close(&desk.site);
	spool_close(&desk.spool);
	conf_free(desk.conf);
	return EX_OK;
}

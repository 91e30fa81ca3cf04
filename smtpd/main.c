/*
 * smtpd - accepts connections, limits them, hands each to a smtpsrvr process.
 *
 * The only program of ours that stays root.  It reads nothing that a client
 * sends and parses no configuration (tailored.h).
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "lib/fdio.h"
#include "lib/log.h"
#include "lib/plan.h"
#include "lib/text.h"
#include "smtpd/one.h"
#include "smtpd/options.h"
#include "smtpd/serve.h"

/* Whoever started us may have other habits with files and children. */
static void
settle(void)
{
	sigset_t hup;

	umask(022);
	/* One that comes while we start waits until we can read again. */
	sigemptyset(&hup);
	sigaddset(&hup, SIGHUP);
	if (sigaction(SIGCHLD, &(struct sigaction){ .sa_handler = SIG_DFL },
	    NULL) != 0 || sigprocmask(SIG_BLOCK, &hup, NULL) != 0)
		fatal(EX_OSERR, "signals: %s", strerror(errno));
}

/*
 * systemd's protocol: the first descriptor is 3, and the variables say how
 * many, and to whom: us, or inlet start, which hands them on.
 */
static int
from_systemd(void)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	int64_t n, to;

	if (pid == NULL || fds == NULL ||
	    text_number(pid, 1, INT32_MAX, &to) != 0 ||
	    (to != getpid() && to != getppid()) ||
	    text_number(fds, 1, PLAN_SOCKETS, &n) != 0)
		return 0;
	return (int)n;
}

int
main(int argc, char **argv)
{
	struct options o;
	bool listening = false, connected = false;
	int given, first;

	if (argc < 1 || fd_standard() != 0)
		return EX_OSERR;
	log_open("smtpd", -1, LEVEL_INFO);
	settle();
	given = from_systemd();
	first = given > 0 ? 3 : 0;
	fd_close_from(3 + given);
	for (int i = given; i-- > 0;)
		if (!fd_is_socket(3 + i, &listening, &connected) ||
		    (!listening && (!connected || given > 1)))
			fatal(EX_CONFIG, "descriptor %d, that was given, is "
			    "no stream socket that listens", 3 + i);
	(void)fd_is_socket(first, &listening, &connected);
	if (options_parse(&o, argc, argv, connected) != 0)
		return EX_USAGE;
	if (o.sun && !connected)
		fatal(EX_USAGE, "descriptor 0 is not a connection");
	if (connected) {
		if (first != 0 && (dup2(first, 0) != 0 || close(first) != 0))
			fatal(EX_OSERR, "dup2 failed");
		return one_connection(&o);
	}
	return serve(&o, first, listening ? (given > 1 ? given : 1) : 0);
}

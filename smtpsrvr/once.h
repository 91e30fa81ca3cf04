/*
 * once - one session by exec: smtpsrvr remotehost localhost [channels].
 *
 * inetd, tcpserver, systemd's Accept=yes, smtpd's 4.3 form, or by hand.  The
 * session code never knows.
 */
#ifndef SMTPSRVR_ONCE_H
#define SMTPSRVR_ONCE_H

#include <stdbool.h>

struct once_options {
	char *const *argv;	/* main's */
	bool debug;		/* -d */
	bool finicky;		/* argv[0] begins with r */
	bool lmtp;		/* -P lmtp */
	const char *file;	/* -C */
	const char *programs;	/* -L */
	const char *remote;	/* source host: believed without a socket only
				 * from a trusted user */
	const char *local;	/* local host */
	const char *channels;	/* null: all of them */
};

/* Serves the connection on descriptors 0 and 1; gives the exit code. */
int once_run(const struct once_options *o);

#endif

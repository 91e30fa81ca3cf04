/*
 * bysmtp - SMTP on standard input and output, for programs that speak it to
 * "sendmail -bs".  The rules are those of a user of this machine.
 */
#ifndef TOOLS_BYSMTP_H
#define TOOLS_BYSMTP_H

#include <stddef.h>

struct bysmtp {
	const char *socket;	/* submit's */
	const char *host;	/* who we are */
	const char *from;	/* for messages of nobody without From: */
	size_t most;		/* bytes of a message */
};

/* Until QUIT or the end; the exit code. */
int bysmtp_run(const struct bysmtp *s);

#endif

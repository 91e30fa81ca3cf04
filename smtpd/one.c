/*
 * one - the 4.3 and sun forms: one connection on descriptor 0, for which
 * smtpsrvr is executed.
 *
 * There is nothing to count: whoever called us holds the limits.
 */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "lib/fdio.h"
#include "lib/log.h"
#include "lib/net.h"
#include "smtpd/one.h"

static const char *
end_text(int (*name)(int, struct sockaddr *, socklen_t *), char *text)
{
	struct sockaddr_storage ss = { 0 };
	socklen_t len = sizeof ss;
	struct netaddr a = { 0 };

	if (name(0, (struct sockaddr *)&ss, &len) == 0)
		net_from_sockaddr(&a, (struct sockaddr *)&ss);
	return net_text(&a, text);
}

int
one_connection(const struct options *o)
{
	static const char sorry[] =
	    "421 4.3.0 Cannot take mail now, try again later\r\n";
	char remote[NET_TEXT], local[NET_TEXT], path[PATH_MAX];
	const char *argv[16];
	char *vector[16];
	int n = 0;

	if (o->smtpsrvr != NULL)
		snprintf(path, sizeof path, "%s", o->smtpsrvr);
	else
		snprintf(path, sizeof path, "%s/smtpsrvr",
		    o->programs[0] != '\0' ? o->programs : INLET_LIBEXEC);
	argv[n++] = o->tailor.finicky ? "rsmtpsrvr" : "smtpsrvr";
	if (o->debug)
		argv[n++] = "-d";
	if (o->tailor.file != NULL) {
		argv[n++] = "-C";
		argv[n++] = o->tailor.file;
	}
	if (o->programs[0] != '\0') {
		argv[n++] = "-L";
		argv[n++] = o->programs;
	}
	argv[n++] = end_text(getpeername, remote);
	argv[n++] = end_text(getsockname, local);
	if (o->tailor.channels != NULL)
		argv[n++] = o->tailor.channels;
	argv[n] = NULL;
	/* execv promises not to write through its vector. */
	memcpy(vector, argv, sizeof argv);
	if (dup2(0, 1) == 1)
		execv(path, vector);
	/* Under inetd the connection is standard error, too. */
	if (!fd_is_socket(2, NULL, NULL))
		log_note(LEVEL_ERROR, "%s: %s", path, strerror(errno));
	(void)!send(0, sorry, sizeof sorry - 1, MSG_NOSIGNAL);
	return EX_OSFILE;
}

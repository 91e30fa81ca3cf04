/*
 * options - the command lines of smtpd, today's and MMDF's.
 *
 *	smtpd [-df] [-n max] [-C file] [-p port] [-L dir] [smtpsrvr [channels]]
 *	smtpd smtpsrvr channels port maxconnects network	(4.1, 5.2)
 *	smtpd sourcehost.sourceport				(sun)
 */
#ifndef SMTPD_OPTIONS_H
#define SMTPD_OPTIONS_H

#include <stdbool.h>
#include "lib/mm.h"
#include "lib/tailored.h"

struct options {
	bool debug;		/* -d */
	bool sun;		/* one connection, channel "smtp" */
	bool operands;		/* MMDF's: four connections unless said */
	const char *smtpsrvr;	/* its path, or null */
	struct tailored_options tailor;	/* the rest is for tailor to judge */
	char programs[200];	/* -L, or the folder of smtpsrvr, or "" */
};

/*
 * connected tells that descriptor 0 is one connection.  0, or -1 after a
 * usage line on standard error.
 */
MM_MUST_USE int options_parse(struct options *o_r, int argc, char **argv,
    bool connected);

#endif

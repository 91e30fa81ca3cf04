/*
 * smtpsrvr - one SMTP session, or the template that sessions are forked from.
 *
 * Unprivileged and confined before it reads a byte (sandbox.h).
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "lib/fdio.h"
#include "lib/log.h"
#include "smtpsrvr/once.h"
#include "smtpsrvr/template.h"

static int
usage(void)
{
	fputs("usage: smtpsrvr [-d] [-C file] [-L directory] [-P protocol]\n"
	    "                remotehost localhost [channels]\n", stderr);
	return EX_USAGE;
}

/* MMDF's sign for finicky: the name that we were called by. */
static bool
called_finicky(const char *name)
{
	const char *slash = strrchr(name, '/');

	return (slash != NULL ? slash + 1 : name)[0] == 'r';
}

int
main(int argc, char **argv)
{
	struct once_options o = { .argv = argv };
	int c;

	if (argc < 1 || fd_standard() != 0)
		return EX_OSERR;
	log_open("smtpsrvr", -1, LEVEL_INFO);
	o.finicky = called_finicky(argv[0]);
	while ((c = getopt(argc, argv, "dC:L:P:T")) != -1) {
		switch (c) {
		case 'T':
			return template_run(argv);
		case 'd':
			o.debug = true;
			break;
		case 'C':
			o.file = optarg;
			break;
		case 'L':
			o.programs = optarg;
			break;
		case 'P':
			o.lmtp = strcmp(optarg, "lmtp") == 0;
			if (!o.lmtp && strcmp(optarg, "smtp") != 0)
				return usage();
			break;
		default:
			return usage();
		}
	}
	if (argc - optind != 2 && argc - optind != 3)
		return usage();
	o.remote = argv[optind];
	o.local = argv[optind + 1];
	if (argc - optind == 3)
		o.channels = argv[optind + 2];
	return once_run(&o);
}

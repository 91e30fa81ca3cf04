/*
 * inlet - the operator's one command.
 *
 * Runs as whoever calls it.  What it shows of mail came from strangers: it is
 * never printed as it is (show.h).
 */
#include "config.h"

#include <stdio.h>
#include <sysexits.h>
#include "lib/fdio.h"
#include "lib/log.h"
#include "tools/command.h"

int
main(int argc, char **argv)
{
	int code;

	if (argc < 1 || fd_standard() != 0)
		return EX_OSERR;
	log_open("inlet", -1, LEVEL_INFO);
	code = command_main(argc - 1, argv + 1);
	/* A full disk or a closed pipe is no success. */
	if ((fflush(stdout) != 0 || ferror(stdout)) && code == EX_OK)
		return EX_IOERR;
	return code;
}

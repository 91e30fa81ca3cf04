/*
 * dbmbuild - makes a GDBM table from text; dbmbuild(8).
 *
 * Runs as who keeps the tables.  Nothing is replaced unless all of the text
 * is good.
 */
#include "config.h"

#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include "tables/maketable.h"

#define REASONS 65536

int
main(int argc, char *argv[])
{
	struct buf why;
	bool join = false, good = true;
	int c, code;

	while ((c = getopt(argc, argv, "k")) != -1) {
		if (c == 'k')
			join = true;
		else
			good = false;
	}
	if (!good || argc - optind != 2) {
		fprintf(stderr, "usage: dbmbuild [-k] text table\n");
		return EX_USAGE;
	}
	buf_init(&why, REASONS);
	code = maketable(argv[optind], argv[optind + 1], join, &why);
	if (why.len > 0)
		fputs(buf_str(&why), stderr);
	buf_free(&why);
	return code;
}

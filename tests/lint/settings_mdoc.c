/*
 * settings_mdoc SCOPE - prints the rows of inlet.conf(5) for server, listener,
 * channel, table or variables, for build-aux/splice.sh.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include "lib/settings.h"

int
main(int argc, char **argv)
{
	static const char *const words[] = { "server", "listener", "channel",
		"table", "variables" };
	struct buf b;

	for (size_t i = 0; argc == 2 && i < ARRAY_LEN(words); i++) {
		if (strcmp(argv[1], words[i]) != 0)
			continue;
		buf_init(&b, 1 << 20);
		if ((i < 4 ? settings_mdoc(1 << i, &b) :
		    settings_mdoc_variables(&b)) != 0 ||
		    fputs(buf_str(&b), stdout) == EOF || fflush(stdout) != 0)
			return 1;
		buf_free(&b);
		return 0;
	}
	fprintf(stderr, "usage: settings_mdoc "
			"server | listener | channel | table | variables\n");
	return 64;
}

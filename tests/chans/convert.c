/*
 * convert - mime7 as a filter, for a test that has a MIME parser of its own:
 *
 *	convert FLAGS
 *
 * Reads messages, each "LENGTH\n" and its bytes; writes for each
 * "LENGTH\n" and the converted one, or "-REASON\n".
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "chans/mime7.h"
#include "lib/xalloc.h"

int
main(int argc, char **argv)
{
	int flags = argc == 2 ? argv[1][0] - '0' : 0;
	struct buf out;
	const char *why;
	char *exact, line[32];
	size_t len;

	buf_init(&out, (size_t)1 << 30);
	while (fgets(line, sizeof line, stdin) != NULL) {
		len = strtoul(line, NULL, 10);
		exact = xmalloc(len);
		if (fread(exact, 1, len, stdin) != len)
			return 1;
		buf_reset(&out);
		if (mime7_convert(exact, len, flags, &out, &why) == -1)
			printf("-%s\n", why);
		else {
			printf("%zu\n", out.len);
			fwrite(out.p, 1, out.len, stdout);
		}
		fflush(stdout);
		free(exact);
	}
	buf_free(&out);
	return 0;
}

/*
 * fuzz_datagram - any bytes as what a program sends to logger: one printable
 * line comes out, and a session never speaks as another program.
 */
#include "config.h"

#include <string.h>
#include "tools/datagram.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char line[DATAGRAM_LINE];
	enum log_level level;

	for (int session = 0; session < 2; session++) {
		size_t len = datagram_line((const char *)data, size, 4711,
		    session, line, &level);

		must(len < DATAGRAM_LINE && strlen(line) == len, "its length");
		for (size_t i = 0; i < len; i++)
			must(line[i] >= 0x20 && line[i] <= 0x7e, "printable");
		must(level <= LEVEL_DEBUG, "a level");
		must(strstr(line, "[4711]: ") != NULL, "the pid");
		must(!session || strncmp(line, "smtpsrvr[4711]: ", 16) == 0,
		    "a session is smtpsrvr");
	}
	return 0;
}

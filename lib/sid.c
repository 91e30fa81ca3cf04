/*
 * sid - see sid.h.
 */
#include "config.h"

#include <string.h>

#include "lib/sid.h"

const char *
sid_text(uint64_t serial, char dst[SID])
{
	static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";
	char *at = dst + SID - 1;

	*at = '\0';
	do {
		*--at = digits[serial & 31];
		serial >>= 5;
	} while (serial != 0);
	memmove(dst, at, strlen(at) + 1);
	return dst;
}

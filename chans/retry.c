/*
 * retry - the growing wait between two tries.
 */
#include "config.h"

#include "chans/retry.h"

int64_t
retry_wait(int64_t first, int64_t most, uint32_t tries)
{
	int64_t wait = first;

	while (tries-- > 1 && wait < most)
		wait += wait / 2;
	return wait < most ? wait : most;
}

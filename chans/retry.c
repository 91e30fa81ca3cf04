/*
 * retry - the growing wait between two tries.
 */
#include "config.h"

#include "chans/retry.h"

int64_t
retry_wait(int64_t first, int64_t most, uint32_t tries, uint64_t dice)
{
	int64_t wait = first, part;

	/* Dice that are near each other, and each try, fall elsewhere. */
	dice = (dice + tries) * UINT64_C(0x9e3779b97f4a7c15);
	dice = (dice ^ dice >> 29) * UINT64_C(0xbf58476d1ce4e5b9);
	while (tries-- > 1 && wait < most)
		wait += wait / 2;
	if (wait > most)
		wait = most;
	part = (wait / 8) * (int64_t)(dice >> 40 & 1023) / 1023;
	return wait + part <= most ? wait + part : most - part;
}

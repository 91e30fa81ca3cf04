/*
 * retry - growing waits between two tries.  Pure.
 */
#ifndef CHANS_RETRY_H
#define CHANS_RETRY_H

#include <stdint.h>

/*
 * How long to wait after try number tries (1 is the first): first, then half
 * as long again each time, most at most.  Up to an eighth is added, or taken
 * from most, as dice say: what failed together does not come again together.
 * The same dice, the same wait.
 */
int64_t retry_wait(int64_t first, int64_t most, uint32_t tries,
    uint64_t dice);

#endif

/*
 * retry - when a delivery that failed for now is tried again.  Pure.
 */
#ifndef CHANS_RETRY_H
#define CHANS_RETRY_H

#include <stdint.h>

/*
 * How long to wait after try number tries (1 is the first): first, then half
 * as long again each time, most at most.
 */
int64_t retry_wait(int64_t first, int64_t most, uint32_t tries);

#endif

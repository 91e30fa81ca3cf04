/*
 * t_retry - the growing wait.
 */
#include "config.h"

#include "chans/retry.h"
#include "tests/tap.h"

int
main(void)
{
	num(retry_wait(300, 14400, 1), 300, "the first wait");
	num(retry_wait(300, 14400, 2), 450, "half as long again");
	num(retry_wait(300, 14400, 3), 675, "and again");
	num(retry_wait(300, 14400, 20), 14400, "never over the most");
	num(retry_wait(300, 14400, UINT32_MAX), 14400, "however many tries");
	num(retry_wait(300, 100, 1), 100, "a most below the first");
	num(retry_wait(1, 100, 9), 1, "too small to grow, but it ends");
	return done();
}

/*
 * t_retry - the growing wait.
 */
#include "config.h"

#include <stdbool.h>

#include "chans/retry.h"
#include "tests/tap.h"

int
main(void)
{
	int64_t least = INT64_MAX, most = 0, w;
	bool in = true;

	w = retry_wait(300, 14400, 1, 0);
	ok(w >= 300 && w <= 337, "the first wait");
	for (uint64_t dice = 0; dice < 1000; dice++) {
		w = retry_wait(300, 14400, 3, dice);
		in &= w >= 675 && w <= 675 + 675 / 8;
		least = w < least ? w : least;
		most = w > most ? w : most;
		w = retry_wait(300, 14400, 20, dice);
		in &= w <= 14400 && w >= 14400 - 14400 / 8;
	}
	ok(in, "half as long again, within an eighth, never over the most");
	ok(least < 690 && most > 740, "all over that eighth");
	num(retry_wait(300, 14400, 5, 7), retry_wait(300, 14400, 5, 7),
	    "the same dice, the same wait");
	ok(retry_wait(300, 14400, UINT32_MAX, 1) <= 14400, "however many");
	w = retry_wait(300, 100, 1, 0);
	ok(w <= 100 && w >= 88, "a most below the first");
	num(retry_wait(1, 100, 9, 3), 1, "too small to grow, but it ends");
	return done();
}

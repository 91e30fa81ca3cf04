/*
 * stress - whether the server has more to do than it can, or soon will.
 *
 * submit finds out (submit/strain.h) and writes it into its table of counts,
 * where sessions read it: advice, by which they give clients less time.  What
 * was not looked at for a while says nothing.
 */
#ifndef LIB_STRESS_H
#define LIB_STRESS_H

#include <stdbool.h>
#include <stdint.h>
#include "lib/counts.h"

#define STRESS_STALE_MS 10000

/* Percent; -1: it could not be asked. */
struct stress {
	bool on;
	int64_t slots;		/* of the sessions that there may be */
	int64_t cpu, memory, io;	/* of the last ten seconds, somebody
				 * waited for it (PSI, some avg10) */
};

/* now is monotonic (clock.h). */
void stress_show(struct counts *c, const struct stress *s, int64_t now);
/* False where there is none (c is null), or it is old: then it is off. */
bool stress_seen(const struct counts *c, int64_t now, struct stress *s_r);

#endif

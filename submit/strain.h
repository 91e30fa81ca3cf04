/*
 * strain - finds out whether the server is under stress, once a second.
 *
 * What counts: how many of the sessions that there may be there are, and how
 * much processes of this machine waited for processor, memory and disk (the
 * kernel's pressure stall information, /proc/pressure).  It is on when one of
 * them reaches its setting, and off again when all are below three quarters
 * of theirs: both are logged, and neither comes more often than that.
 */
#ifndef SUBMIT_STRAIN_H
#define SUBMIT_STRAIN_H

#include <stdint.h>
#include "lib/conf.h"
#include "lib/rows.h"
#include "lib/stress.h"

enum strain_of { STRAIN_CPU, STRAIN_MEMORY, STRAIN_IO, STRAIN_FILES };

struct strain {
	const struct settings *set;	/* the server's */
	const struct row *rows;
	uint32_t nrows;
	struct counts *counts;		/* where sessions see it; or null */
	int file[STRAIN_FILES];		/* -1: the kernel has none */
	struct stress now;
	int64_t looked;
};

/* Before confinement: opens files.  Without counts nothing is looked at. */
void strain_init(struct strain *s_r, const struct settings *set,
    const struct row *rows, uint32_t nrows, struct counts *counts);
/* Looks, if it is time to, tells the sessions, and logs a change. */
void strain_look(struct strain *s);

/* "some avg10=12.34 ..." gives 12; -1: it is nothing of the kind. */
int64_t strain_percent(const char *text);
/* Is it on with these, where it was on or not? */
bool strain_is_on(const struct settings *set, const struct stress *s);

#endif

/*
 * finding - what inlet check has to say, one line each:
 *
 *	error   /etc/inlet/inlet.conf:12: OPEN RELAY: ...
 */
#ifndef TOOLS_FINDING_H
#define TOOLS_FINDING_H

#include <stdio.h>
#include "lib/conf.h"
#include "lib/mm.h"

enum finding {
	FINDING_OK,
	FINDING_NOTE,		/* good to know */
	FINDING_WARNING,	/* probably not meant */
	FINDING_ERROR,		/* will not work, or is dangerous */
	FINDING_KINDS
};

struct findings {
	FILE *f;
	unsigned count[FINDING_KINDS];
};

/* No place: the machine, or the configuration as a whole. */
#define FINDING_NOWHERE ((struct origin){ NULL, 0 })

void finding(struct findings *f, enum finding kind, struct origin at,
    const char *fmt, ...) MM_PRINTF(4, 5);
/* Each line of text is one; it has its own file and line. */
void finding_lines(struct findings *f, enum finding kind, const char *text);
/* "3 errors, 1 warning, 2 notes, 14 ok" */
void finding_total(const struct findings *f);

#endif

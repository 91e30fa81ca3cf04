/*
 * configured - the configuration as tailor hands it over, for one command.
 */
#ifndef TOOLS_CONFIGURED_H
#define TOOLS_CONFIGURED_H

#include "lib/conf.h"
#include "lib/plan.h"
#include "lib/tailored.h"

struct configured {
	int record;
	struct plan plan;
	struct conf *conf;
};

/* 0, or an exit code after tailor (or this) has said why. */
MM_MUST_USE int configured_open(struct configured *c_r,
    const struct tailored_options *o);
void configured_close(struct configured *c);

#endif

/*
 * desk - what all connections of a submit share.
 */
#ifndef SUBMIT_DESK_H
#define SUBMIT_DESK_H

#include "lib/conf.h"
#include "lib/trace.h"
#include "submit/caller.h"
#include "submit/commit.h"
#include "submit/spool.h"
#include "tables/site.h"

struct dialogue;

struct desk {
	struct conf *conf;
	struct site site;
	struct rights rights;
	struct spool spool;
	struct trace_source ids;
	/* May there be one more caller like this one? */
	bool (*admit)(struct desk *, const struct dialogue *);
	/*
	 * What a dialogue waits for.  ask leads to dialogue_named(), give to
	 * dialogue_committed(), now or later.
	 */
	void (*ask)(struct desk *, struct dialogue *, const struct netaddr *);
	void (*give)(struct desk *, struct dialogue *, struct job *);
	void *server;		/* theirs */
};

#endif

/*
 * desk - what all connections of a submit share.
 */
#ifndef SUBMIT_DESK_H
#define SUBMIT_DESK_H

#include "lib/ask.h"
#include "lib/conf.h"
#include "lib/control.h"
#include "lib/counts.h"
#include "lib/trace.h"
#include "submit/alarm.h"
#include "submit/caller.h"
#include "submit/commit.h"
#include "submit/questions.h"
#include "submit/room.h"
#include "submit/spool.h"
#include "submit/strain.h"
#include "tables/site.h"
#include "tables/wrapwatch.h"

struct dialogue;

struct desk {
	struct conf *conf;
	struct site site;
	struct enquirer enquirer;	/* for the site's tables */
	struct wrapwatch rules;
	struct rights rights;
	struct spool spool;
	struct counts *counts;	/* null: nobody else counts, or sees them */
	struct room room;
	struct alarms alarms;
	struct strain strain;
	struct trace_source ids;
	/* May there be one more caller like this one? */
	bool (*admit)(struct desk *, const struct dialogue *);
	/*
	 * What a dialogue waits for.  ask, with a question of that size whose
	 * version and id are not filled in, leads to dialogue_answered(),
	 * give to dialogue_committed(), now or later.
	 */
	void (*ask)(struct desk *, struct dialogue *, struct ask_question *,
	    size_t size);
	void (*give)(struct desk *, struct dialogue *, struct job *);
	/* Leads to dialogue_started(), now or later. */
	void (*start)(struct desk *, struct dialogue *,
	    const struct control_request *);
	void *server;		/* theirs */
};

#endif

/*
 * source - from the source host to the channel that its mail comes from.
 *
 * The channels of the list are searched in order; the first whose table holds
 * the host wins.  Outcomes are those of the table in smtpd(8), "THE SOURCE
 * HOST", finicky or not.
 */
#ifndef TABLES_SOURCE_H
#define TABLES_SOURCE_H

#include <stdbool.h>
#include "lib/ask.h"
#include "lib/reply.h"
#include "tables/site.h"

#define SOURCE_CHANNELS CONF_CHANNELS

struct source_list {
	const char *hostname;	/* what the listener calls itself */
	int n;
	int channel[SOURCE_CHANNELS];	/* indexes in conf->channels */
};

struct source {
	int channel;		/* index, or -1 when refused */
	bool uncertain;		/* a look-up failed: permanent becomes 451 */
	bool unnamed;		/* its name was wanted and not to be had now */
	bool found;		/* in that channel's table */
	struct reply refusal;	/* when channel is -1 */
};

/*
 * The list in force: operand ("a,b", may be "") wins over the listener's
 * setting, and that over all channels.  0, or -1 with the word that is wrong
 * (blank, unknown, empty part, twice).
 */
MM_MUST_USE int source_channels(const struct conf *c, int listener,
    const char *operand, struct source_list *l_r, struct buf *why_r);

/*
 * The channel that hosts of none of the tables belong to, or -1; whether they
 * are refused instead is the setting finicky that is in force for it.
 */
int source_last(const struct source_list *l);

/* Does any table of the list, or of authorisation, have names for keys? */
bool source_needs_name(const struct site *s, const struct source_list *l);

/*
 * name is the confirmed name ("" unless outcome is ASK_FOUND); outcome is
 * ASK_NONE too where no name was asked for.
 *
 * A table whose '!' row is for the host is left, its names too, and the next
 * one searched.  A table that answers "try later" ends the search: a look-up
 * failed.  So it is where the name could not be found out and no table holds
 * the address; a table that does hold it is found, but uncertain if one before
 * it has names for keys.
 */
void source_find(const struct site *s, const struct source_list *l,
    const struct netaddr *peer, enum ask_outcome outcome, const char *name,
    bool finicky, struct source *r);

#endif

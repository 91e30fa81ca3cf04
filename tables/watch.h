/*
 * watch - how a decision is looked on at while it is made.
 *
 * inlet explain tells, in order, what was asked of which table and which
 * channels were passed over.  Nobody looks on in smtpsrvr and submit: then it
 * is one comparison a look-up.  A watcher only looks; it changes nothing.
 */
#ifndef TABLES_WATCH_H
#define TABLES_WATCH_H

#include "lib/path.h"
#include "lib/reply.h"
#include "tables/site.h"

enum watch_event {
	WATCH_LOOKUP,	/* table was asked for key: answer, and which line */
	WATCH_PASSED,	/* channel holds the host, but is not for this mail */
	WATCH_CHOSEN,	/* channel is the destination */
	WATCH_TARGET,	/* key is an alias's target, and routed next */
	WATCH_NOWHERE	/* key is a target that goes nowhere: text says why */
};

struct watched {
	enum watch_event event;
	int channel;		/* index in conf->channels; -1: none */
	const struct tb *table;
	const char *key;
	enum tb_answer answer;
	int line;		/* of the row; 0: unknown */
	const char *text;	/* or null */
};

struct watcher {
	void (*saw)(const struct watcher *w, const struct watched *seen);
};

/* A look-up in t, which channel names. */
static inline void
watch_lookup(const struct site *s, int channel, const struct tb *t,
    const char *key, enum tb_answer answer, int line)
{
	if (s->watcher != NULL)
		s->watcher->saw(s->watcher, &(struct watched){
		    .event = WATCH_LOOKUP, .channel = channel, .table = t,
		    .key = key, .answer = answer, .line = line });
}

static inline void
watch_channel(const struct site *s, enum watch_event event, int channel,
    const char *text)
{
	if (s->watcher != NULL)
		s->watcher->saw(s->watcher, &(struct watched){
		    .event = event, .channel = channel, .text = text });
}

static inline void
watch_target(const struct site *s, enum watch_event event,
    const char *address, const char *text)
{
	if (s->watcher != NULL)
		s->watcher->saw(s->watcher, &(struct watched){
		    .event = event, .channel = -1, .key = address,
		    .text = text });
}

#endif

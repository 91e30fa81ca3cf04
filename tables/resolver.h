/*
 * resolver - who answers for tables of kind nameserver.
 *
 * A table is asked while something is decided, and cannot wait by itself: each
 * program gives it a way to ask lookup.  resolver_wait() blocks, for sessions
 * and commands; submit has its own (submit/questions.h).
 */
#ifndef TABLES_RESOLVER_H
#define TABLES_RESOLVER_H

#include "lib/ask.h"
#include "tables/tb.h"

struct resolver {
	/* Can mail for name be sent to another host than this (ASK_AWAY)? */
	enum tb_answer (*away)(struct resolver *r, const char *name);
};

/* Of an enum ask_host to ASK_AWAY. */
enum tb_answer resolver_answer(int outcome);

/* Asks lookup each time, over a connection of its own. */
struct resolver_wait {
	struct resolver r;	/* first */
	const char *jail;	/* the folder that lookup's socket is in */
	int64_t timeout;	/* ms */
	/* Whoever looks on, or null; outcome is an enum ask_host. */
	void (*heard)(struct resolver_wait *w, const char *name, int outcome,
	    int64_t us);
	void *arg;		/* of heard's */
};

/* jail is null as long as nobody can be asked: that is TB_LATER. */
void resolver_wait_init(struct resolver_wait *w, int64_t timeout_ms);

/* A connection to lookup, for the caller to close; -1 if there is none. */
MM_MUST_USE int resolver_connect(const char *jail);

#endif

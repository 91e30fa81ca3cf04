/*
 * limits - what a running server counts, as inlet limits shows it.
 *
 * Everything is read from memory that smtpd, submit and authsrvr write
 * meanwhile; it is looked at once, and shown from that look.
 */
#ifndef TOOLS_LIMITS_H
#define TOOLS_LIMITS_H

#include <sys/types.h>
#include <stdbool.h>
#include <stdint.h>
#include "lib/conf.h"
#include "lib/counts.h"
#include "lib/plan.h"
#include "lib/rows.h"
#include "lib/shown.h"
#include "lib/space.h"
#include "lib/stress.h"
#include "tools/show.h"

enum { LIMITS_SMTPD, LIMITS_SUBMIT, LIMITS_AUTH, LIMITS_TABLES };

/* The server's memory. */
struct limits_view {
	struct shown shown;
	pid_t process;			/* smtpd's; 0: unknown */
	struct plan plan;
	struct conf *conf;
	const struct row *rows;
	uint32_t nrows;
	struct counts *table[LIMITS_TABLES];
};

/* What is asked for; all zero: everything. */
struct limits_filter {
	const struct section *channel;	/* what is about it alone */
	struct netaddr net;		/* what is about a host of it */
	int bits;
};

/* Connections of one listener, channel, address or prefix. */
struct limits_tally {
	const struct section *of;	/* in which the limit stands */
	char key[RATE_TEXT];		/* address or prefix; "" of all of it */
	uint32_t value;
	uint32_t most;			/* 0: no limit of its own */
};

/* A rule or penalty of one key. */
struct limits_count {
	struct counts_row row;
	struct counts_answer now;
	int64_t left_ms;	/* of its window, or until it is free again */
};

struct limits_list {
	size_t n;
	struct limits_tally *at;
};

/* What one look saw; lists have the fullest first. */
struct limits_seen {
	struct limits_filter filter;
	uint32_t connections;		/* that the filter lets through */
	struct limits_list listeners, channels, addresses, prefixes;
	size_t ncounts;
	struct limits_count *counts;
	uint32_t used[LIMITS_TABLES];	/* rows that are somebody's */
	bool space_known;
	struct space space;
	bool stress_known;
	struct stress stress;
	double load;			/* -1: unknown */
};

/* An operand; -1 if it is neither address, prefix nor channel. */
MM_MUST_USE int limits_filter(const struct conf *c, const char *word,
    struct limits_filter *f_r);
void limits_look(const struct limits_view *v, const struct limits_filter *f,
    struct limits_seen *s_r);
void limits_free(struct limits_seen *s);

/* The rule that a row counts for, as its setting has it; gives dst. */
const char *limits_rule(const struct counts_row *r, char dst[RATE_TEXT]);
void limits_text(const struct limits_view *v, const struct limits_seen *s);
void limits_json(const struct limits_view *v, const struct limits_seen *s);
/* Of these only the room that the queue has, stress and load. */
void limits_text_state(const struct limits_view *v,
    const struct limits_seen *s);
void limits_json_state(struct show_json *j, const struct limits_view *v,
    const struct limits_seen *s);

#endif

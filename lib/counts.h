/*
 * counts - how often something happened: a table of fixed size in shared
 * memory, in which one program counts and others read.
 *
 * A row is one key of one rule.  Its window begins with the key's first event
 * and lasts the rule's period; within it so many events are let through as the
 * rule says, and the next ones are refused until the window ends.  What was
 * refused does not count.  A penalty is a row, too: a score that falls to a
 * half in every half-life, along a line in between.
 *
 * Rows lie in buckets of eight, chosen by a keyed hash.  In a full bucket a row
 * whose window is over makes room, the one that has been so for longest first;
 * then the one that counts least.  One that is at its maximum stays: if all of
 * a bucket are, a new key is not counted, and that is counted.
 *
 * A reader sees a bucket as it was between two changes, or not at all.  Two
 * writers at once, as old and new submit are for a moment, do no harm; one
 * that died within a change is waited for 20 ms, once.
 */
#ifndef LIB_COUNTS_H
#define LIB_COUNTS_H

#include <stdbool.h>
#include <stdint.h>
#include "lib/mm.h"
#include "lib/rate.h"

#define COUNTS_WAYS 8
#define COUNTS_LEAST 1024		/* rows */
#define COUNTS_MOST (1U << 20)
#define COUNTS_PENALTY RATE_WHATS	/* besides what rules count */
#define COUNTS_LOGINS (RATE_WHATS + 1)	/* that failed; by: failures.h */
#define COUNTS_SECTION 32
#define COUNTS_TEXT 56

struct counts;		/* one mapping of a table */

/* Whose events.  What is longer than in a row is compared by its hash. */
struct counts_key {
	uint8_t what;		/* enum rate_what, or COUNTS_... */
	uint8_t by;		/* enum rate_by, or failures_of */
	uint8_t scope;		/* enum setting_scope: of the rule's section */
	const char *section;	/* its title, "" of the server's */
	const char *text;	/* address, prefix or login; "" of all */
	int64_t period_ms;	/* a penalty's half-life */
};

struct counts_row {
	uint64_t hash;		/* of the whole key; 0: nobody's */
	int64_t begin_ms;	/* of the window; a score: when it was so */
	int64_t period_ms;
	uint32_t count;		/* a score: thousandths of a point */
	uint32_t most;		/* as last asked for */
	uint32_t refused;	/* since it was at its maximum */
	uint8_t what, by, scope, pad;
	char section[COUNTS_SECTION];
	char text[COUNTS_TEXT];
};

struct counts_answer {
	uint32_t value;		/* without what was asked for */
	uint32_t most;
	int64_t free_ms;	/* until it is allowed again; 0: it is now */
};

/* Numbers of a whole table, of which its writer keeps the last value. */
enum counts_gauge {
	COUNTS_EVICTED,		/* live rows that had to make room */
	COUNTS_LOST,		/* keys that found no room */
	COUNTS_LOAD,		/* smtpd: load average, in hundredths */
	COUNTS_FREE_BYTES,	/* submit: what mail has, see space.h */
	COUNTS_FREE_INODES,
	COUNTS_FLIGHT_BYTES,
	COUNTS_FLIGHT_MESSAGES,
	COUNTS_LOOKED,		/* when it looked; 0: not yet */
	COUNTS_STRESS,		/* submit: 0 or 1, and why; see stress.h */
	COUNTS_STRESS_SLOTS,
	COUNTS_STRESS_CPU,
	COUNTS_STRESS_MEMORY,
	COUNTS_STRESS_IO,
	COUNTS_STRESS_LOOKED,
	COUNTS_GAUGES
};

/*
 * A new table in a memory file; at least so many rows, rounded up to a power
 * of two.  The two descriptors are for its writer and for all others, who can
 * only read.  0, or -1 with errno.
 */
MM_MUST_USE int counts_make(const char *name, uint32_t rows, int *write_r,
    int *read_r);
/* Maps one; null with errno.  Any descriptor is safe to try. */
struct counts *counts_open(int fd, bool write);

/* The time to be given below: it goes on while the machine sleeps. */
int64_t counts_now(void);
/*
 * May n more be let through, of most?  Counts nothing.  A score may as long
 * as it is below most, with n = 1.
 */
bool counts_ask(const struct counts *c, const struct counts_key *k,
    uint32_t n, uint32_t most, int64_t now, struct counts_answer *a_r);
/* Counts n more, allowed or not; a score: n points. */
void counts_add(struct counts *c, const struct counts_key *k, uint32_t n,
    uint32_t most, int64_t now);
/* Takes back what was added within the window that is now, if it is there. */
void counts_give_back(struct counts *c, const struct counts_key *k,
    uint32_t n);
/* Notes that somebody was refused, as counts_ask() said. */
void counts_refuse(struct counts *c, const struct counts_key *k);

void counts_set(struct counts *c, enum counts_gauge g, int64_t value);
int64_t counts_get(const struct counts *c, enum counts_gauge g);

/* All rows, one after the other: for who shows them. */
uint32_t counts_room(const struct counts *c);
/* False where nobody is, or where nothing could be read. */
bool counts_row(const struct counts *c, uint32_t i, struct counts_row *r_r);
/* What a row says now. */
void counts_read(const struct counts_row *r, int64_t now,
    struct counts_answer *a_r);

#endif

/*
 * rate - a rule of the setting rates: "connections per address 60/1m".
 *
 * What is counted, by which key, and how often it may happen in how long.
 * The counting itself is counts.h.
 */
#ifndef LIB_RATE_H
#define LIB_RATE_H

#include <stdint.h>
#include "lib/conf.h"
#include "lib/mm.h"

#define RATES_MOST 20		/* rules of one section */
#define RATE_TEXT 64		/* a rule as text */

enum rate_what {
	RATE_CONNECTIONS,	/* counted by smtpd, refused there */
	RATE_MESSAGES,		/* by submit */
	RATE_RECIPIENTS,	/* by submit */
	RATE_ERRORS,		/* by smtpd; who has too many may not connect */
	RATE_UNKNOWN,		/* the same of unknown commands */
	RATE_WHATS
};

enum rate_by {
	RATE_ADDRESS,
	RATE_PREFIX,
	RATE_LOGIN,
	RATE_CHANNEL,		/* all whom the rule's section is about */
	RATE_BYS
};

struct rate {
	uint8_t what;		/* enum rate_what */
	uint8_t by;		/* enum rate_by */
	uint16_t pad;
	uint32_t most;		/* so many in a period */
	int64_t period_ms;
};

/* The rules in force somewhere, and the section that they stand in. */
struct rates {
	const struct section *of;
	size_t n;
	struct rate at[RATES_MOST];
};

/*
 * Reads one rule.  -1 with a reason that names the word, and the nearest
 * known one.
 */
MM_MUST_USE int rate_parse(const char *text, struct rate *r_r, char *why_r,
    size_t size);
/* As rate_parse() reads it, in its plainest form; gives dst. */
const char *rate_text(const struct rate *r, char dst[RATE_TEXT]);
/* "connections", "errors"; "address", "login". */
const char *rate_what_text(enum rate_what what);
const char *rate_by_text(enum rate_by by);
/*
 * The rules in force for a listener and a channel (-1: none).  As with every
 * list the channel's stands in place of the listener's, and that in place of
 * the server's.  The configuration must be a checked one.
 */
void rates_in_force(const struct conf *c, int listener, int channel,
    struct rates *r_r);

#endif

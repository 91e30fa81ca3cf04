/*
 * limits - how many connections there are: in all, and for the server, each
 * listener and each channel by address and by prefix.  Exact, in fixed memory,
 * without looking at the clients.
 */
#ifndef SMTPD_LIMITS_H
#define SMTPD_LIMITS_H

#include <stdbool.h>
#include <stdint.h>
#include "lib/plan.h"

/* Whose connection it is, as far as limits go. */
struct limit_subject {
	struct netaddr peer;
	int16_t listener, channel;	/* configuration indexes, or -1 */
	bool reserved;			/* a reserved peer */
	bool proxy;	/* not a client: no address or prefix is counted */
};

struct limit_node {
	struct netaddr key;	/* port: section * 2, and 1 for a prefix */
	uint32_t count;
	uint32_t next;		/* chain, or free list; 0 ends */
};

struct limits {
	uint32_t room;		/* connections there may ever be */
	uint32_t section[PLAN_SECTIONS];	/* [0]: in all */
	uint32_t others;	/* of those that no reserved peer has */
	uint32_t buckets;	/* a power of two */
	uint32_t *bucket;
	struct limit_node *node;	/* 1 to LIMIT_NODES * room */
	uint32_t free;
	/* Bits of what was counted: limits_clear() takes new ones. */
	int prefix4, prefix6;
};

#define LIMIT_NODES 6		/* of one connection, at most */

/* Which limit said no. */
struct limit_hit {
	const char *limit;	/* the setting's name */
	const char *rule;	/* of rates, or null */
	const char *enhanced;	/* of the 421 */
	const char *section;	/* the listener's or channel's name, or "" */
	char key[RATE_TEXT];	/* address or prefix; or "all" */
	uint32_t value, most;
	int64_t free_ms;	/* until it would be let in; 0: unknown */
};

void limits_init(struct limits *l, uint32_t room);
/* Forgets all connections; those that are still there are counted anew. */
void limits_clear(struct limits *l, const struct plan *p);
/*
 * May it come in, through its listener and not yet into a channel?  Counts
 * nothing.  0, or -1 and which limit is reached.
 */
int limits_ask(struct limits *l, const struct plan *p,
    const struct limit_subject *s, struct limit_hit *hit_r);
/* The same of its channel alone. */
int limits_ask_channel(struct limits *l, const struct plan *p,
    const struct limit_subject *s, struct limit_hit *hit_r);
/* Counts it in, with its channel if it has one; and out, as it came in. */
void limits_enter(struct limits *l, const struct limit_subject *s);
void limits_enter_channel(struct limits *l, const struct limit_subject *s);
void limits_leave(struct limits *l, const struct limit_subject *s);
/* "192.0.2.0/24": the prefix that an address is counted by. */
void limits_prefix_text(const struct limits *l, const struct netaddr *peer,
    char dst[RATE_TEXT]);
bool limits_reserved(const struct plan *p, const struct netaddr *peer);
/* May it name a client as its own, at that listener? */
bool limits_proxy(const struct plan *p, int listener,
    const struct netaddr *peer);

#endif

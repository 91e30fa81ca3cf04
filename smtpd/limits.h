/*
 * limits - how many connections there are: in all, by listener, by address,
 * by prefix.  Exact, in fixed memory, without looking at the clients.
 */
#ifndef SMTPD_LIMITS_H
#define SMTPD_LIMITS_H

#include <stdint.h>
#include "lib/plan.h"

struct limit_node {
	struct netaddr key;	/* port is 0 for an address, 1 for a prefix */
	uint32_t count;
	uint32_t next;		/* chain, or free list; 0 ends */
};

struct limits {
	uint32_t room;		/* connections there may ever be */
	uint32_t total;
	uint32_t listener[PLAN_SOCKETS];	/* by the record's index */
	uint32_t buckets;	/* a power of two */
	uint32_t *bucket;
	struct limit_node *node;	/* 1 to 2 * room */
	uint32_t free;
};

/* Which limit said no. */
struct limit_hit {
	const char *limit;	/* the setting's name */
	struct netaddr key;	/* family 0: not about an address */
	uint32_t value, most;
};

void limits_init(struct limits *l, uint32_t room);
/* Counts a connection in and gives 0; or -1 and counts nothing. */
int limits_enter(struct limits *l, const struct plan *p,
    const struct plan_socket *via, const struct netaddr *peer,
    struct limit_hit *hit_r);
/* prefix lengths are those of when it entered. */
void limits_leave(struct limits *l, int listener, const struct netaddr *peer,
    int prefix_bits);
int limits_prefix_bits(const struct plan *p, const struct netaddr *peer);

#endif

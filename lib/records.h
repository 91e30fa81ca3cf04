/*
 * records - questions to lookup for records of the name service, many at once:
 * one message (lib/ask.h, ASK_RECORDS), and one answer when all of them are
 * there or the time is over.
 *
 * Who asks is a session that a client may have taken over, and lookup reads
 * what strangers' name servers say: each checks what the other sends.
 */
#ifndef LIB_RECORDS_H
#define LIB_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/ask.h"

#define RECORDS_MOST 16		/* questions in one message */
#define RECORDS_NAME 254	/* a name, with its NUL */
#define RECORDS_DATA 4096	/* of one question */

enum records_type {
	RECORDS_A = 1,
	RECORDS_AAAA,
	RECORDS_MX,	/* names, in no order; not those that no host has */
	RECORDS_PTR,	/* names */
	RECORDS_TXT,	/* each its strings in one */
	RECORDS_SPF,	/* those TXT that begin as RFC 7208 4.5 says */
	RECORDS_LISTED	/* A, in a zone that lists hosts (RFC 5782) */
};

enum records_outcome {
	RECORDS_FOUND,
	RECORDS_NONE,		/* no such name, or no such records of it */
	RECORDS_LATER,		/* no answer, or none that can be used */
	RECORDS_ERROR		/* LISTED: what no list says of a host */
};

struct records_asked {
	uint8_t type;
	uint8_t zone;		/* LISTED: where its zone begins in name */
	char name[RECORDS_NAME];
};

struct records_got {
	uint8_t outcome;
	bool cached;
	bool cut;		/* there are more of them, or they are longer */
	uint16_t len;
	const uint8_t *p;	/* each 16 bits of length, and its bytes */
};

struct records {
	uint32_t time;		/* ms; lookup's own where that is shorter */
	int n;
	struct records_asked asked[RECORDS_MOST];
	struct records_got got[RECORDS_MOST];
	uint8_t room[RECORDS_MOST * 8 + 2 * RECORDS_DATA];	/* of got */
};

/* Nothing is asked so far. */
void records_begin(struct records *r, int64_t time);
/*
 * One question more; -1 if there is no room, or no name server can be asked
 * for such a name.  zone: null, or the end of name that is the zone.
 */
MM_MUST_USE int records_add(struct records *r, enum records_type type,
    const char *name, const char *zone);
/*
 * Asks over sock and waits, no longer than lookup needs; -1 (each is
 * RECORDS_LATER) on any trouble.
 */
int records_ask(struct records *r, int sock);
/* The record behind *at (0: the first); false if there is none. */
bool records_next(const struct records_got *g, size_t *at,
    const uint8_t **p_r, size_t *len_r);

/* lookup's side.  A question, as it was received; -1: it is none. */
MM_MUST_USE int records_read(struct records *r, const void *p, size_t len);
/* The answer to question id, in room of r; gives its length. */
size_t records_write(struct records *r, uint32_t id);

#endif

/*
 * trace - the Received: line, dates, queue identifiers.
 */
#ifndef LIB_TRACE_H
#define LIB_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include "lib/buf.h"
#include "lib/net.h"
#include "lib/settings.h"

/* RFC 5322 date, local time; dst has at least 40 bytes. */
const char *trace_date(time_t t, char *dst, size_t size);

/*
 * Identifiers: 20 characters of [0-9A-Z] without I, L, O, U (base 32).
 * 32 bits of start time, 40 random bits drawn at the start, 28 bits counted:
 * unique across hosts, reboots and clock steps, in one process.  Another
 * process that was given the same start and random bits is noticed by the
 * file's exclusive creation.
 */
#define TRACE_ID 21
struct trace_source {
	uint64_t start;
	uint64_t random;
	uint32_t count;
};
void trace_source_init(struct trace_source *s);
void trace_next_id(struct trace_source *s, char id_r[TRACE_ID]);

/* The words of the setting received, a bit each. */
enum {
	TRACE_HELO = 1, TRACE_NAME = 2, TRACE_ADDRESS = 4, TRACE_SOFTWARE = 8,
	TRACE_LOGIN = 16, TRACE_WITH = 32, TRACE_QUEUED = 64, TRACE_FOR = 128,
	TRACE_AUTH = 256, TRACE_ALL = 511
};
/* The word's bit; 0 if there is no such word. */
int trace_bit(const char *word);
/* All of a list's, or-ed; words that are none give nothing. */
int trace_bits(const struct strings *words);
/* The nearest word, or null. */
const char *trace_nearest(const char *word);

/*
 * What a Received: line says (RFC 5321 4.4, RFC 3848), as far as shows has
 * it; what must be there for its syntax always is.
 */
struct trace_facts {
	int shows;		/* TRACE_..., or-ed */
	const char *helo;	/* what the client called itself, or "" */
	const char *name;	/* its confirmed name, or "" */
	struct netaddr peer;	/* family 0: not by network */
	const char *login;	/* local user, or who has logged in; or "" */
	const char *by;		/* our host name */
	const char *with;	/* RFC 3848 keyword: SMTP, ESMTP, ESMTPS, ... */
	const char *tls;	/* qfile.h; the cipher shows (RFC 8314 4.3) */
	int priority;		/* RFC 6710 7; 0 does not show */
	const char *id;
	const char *only_for;	/* the only recipient, or "" */
	time_t when;
	bool crlf;		/* its lines end so, not in LF */
};
/* Adds "Received: ...\n", folded, no control in it; 0 or -1. */
MM_MUST_USE int trace_received(struct buf *b, const struct trace_facts *f);

#endif

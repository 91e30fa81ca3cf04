/*
 * spfmacro - the macros of SPF (RFC 7208 7): is a string of them well-formed,
 * and what it means for a client.
 *
 * Pure.  The strings are whatever a stranger's name server says.
 */
#ifndef TABLES_SPFMACRO_H
#define TABLES_SPFMACRO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/buf.h"
#include "lib/net.h"

struct spfmacro {
	struct netaddr client;
	const char *local;	/* of the sender */
	const char *origin;	/* the sender's domain */
	const char *domain;	/* the one whose record it is */
	const char *helo;
	const char *receiver;
	int64_t now;		/* seconds */
	/* The client's validated name, or null: it cannot be asked for. */
	const char *(*validated)(void *arg);
	void *arg;
};

enum spfmacro_kind {
	SPFMACRO_STRING,	/* macro-string */
	SPFMACRO_DOMAIN,	/* domain-spec */
	SPFMACRO_EXPLAIN	/* explain-string */
};

bool spfmacro_good(const char *s, size_t len, enum spfmacro_kind kind);
/*
 * Adds what s, which is good, stands for; -1 if that is more than b holds, a
 * name cannot be asked for, or a local part beyond ASCII is in it (RFC 8616
 * 4: such a term matches nobody).
 */
MM_MUST_USE int spfmacro_expand(const struct spfmacro *m, const char *s,
    size_t len, struct buf *b);
/* The address as %{i} has it; dst has room for 64 bytes. */
const char *spfmacro_address(const struct netaddr *a, char *dst, size_t size);

#endif

/*
 * spfterm - the terms of an SPF record (RFC 7208 4.6.1, 5, 6, 12).
 *
 * Pure.  The record is whatever a stranger's name server says.
 */
#ifndef TABLES_SPFTERM_H
#define TABLES_SPFTERM_H

#include <stddef.h>
#include <stdint.h>
#include "lib/net.h"
#include "lib/spfresult.h"

enum spfterm_kind {
	SPFTERM_ALL, SPFTERM_INCLUDE, SPFTERM_A, SPFTERM_MX, SPFTERM_PTR,
	SPFTERM_IP4, SPFTERM_IP6, SPFTERM_EXISTS,
	SPFTERM_REDIRECT, SPFTERM_EXP, SPFTERM_UNKNOWN	/* modifiers */
};

struct spfterm {
	enum spfterm_kind kind;
	enum spf_result result;		/* of a mechanism that matches */
	const char *text;		/* all of it, in the record */
	size_t text_len;
	const char *spec;		/* domain-spec, or length 0 */
	size_t spec_len;
	struct netaddr network;		/* ip4, ip6 */
	int bits4, bits6;		/* of addresses that must be the same */
};

/*
 * The next term; *at begins at 0.  1; 0 at the end; -1: the record is not
 * well-formed there (t_r has the text).
 */
int spfterm_next(const char *record, size_t len, size_t *at,
    struct spfterm *t_r);

#endif

/*
 * attributes - what XCLIENT and XFORWARD say of a client, as Postfix defined
 * it.
 *
 *	attributes = attribute *(1*SP attribute)
 *	attribute = name "=" xtext		; lib/xtext.h
 *	name = "NAME" / "ADDR" / "PORT" / "PROTO" / "HELO" / ...
 *
 * Pure.  Any case; each once; of the values "[UNAVAILABLE]" and
 * "[TEMPUNAVAIL]" say that there is none.
 */
#ifndef SMTPSRVR_ATTRIBUTES_H
#define SMTPSRVR_ATTRIBUTES_H

#include <stdbool.h>
#include "lib/mm.h"
#include "lib/net.h"

enum attribute {
	ATTRIBUTE_NAME, ATTRIBUTE_ADDR, ATTRIBUTE_PORT, ATTRIBUTE_PROTO,
	ATTRIBUTE_HELO, ATTRIBUTE_LOGIN, ATTRIBUTE_DESTADDR,
	ATTRIBUTE_DESTPORT, ATTRIBUTE_IDENT, ATTRIBUTE_SOURCE,
	ATTRIBUTE_COUNT
};

/* Of which verb. */
enum attributes_of { ATTRIBUTES_XCLIENT, ATTRIBUTES_XFORWARD };

#define ATTRIBUTE_TEXT 256	/* the longest value is 255, as decoded */

struct attributes {
	bool given[ATTRIBUTE_COUNT];
	/* "" where it is said that there is none. */
	char text[ATTRIBUTE_COUNT][ATTRIBUTE_TEXT];
	/* Of ADDR and DESTADDR, family 0 where there is none; and ports. */
	struct netaddr client, server;
};

/* Something that may be attributes: a word with "=" in it. */
bool attributes_begin(const char *text);
/* 0, or -1 with the name (or what is in its place) that is wrong. */
MM_MUST_USE int attributes_parse(const char *text, enum attributes_of of,
    struct attributes *a_r, char wrong_r[32]);
/* As the log has it. */
const char *attribute_key(enum attribute a);
/* The names, in their order, for EHLO. */
const char *attributes_names(enum attributes_of of);

#endif

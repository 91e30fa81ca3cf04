/*
 * hops - counts the Received: and Delivered-To: fields of a message's header
 * while it passes (RFC 5321 6.3).
 *
 * Pure and linear, a few bytes of state, whatever pieces the text comes in.
 */
#ifndef SUBMIT_HOPS_H
#define SUBMIT_HOPS_H

#include <stdbool.h>
#include <stddef.h>

#define HOPS_WORD 16

struct hops {
	int count;
	bool body;		/* the header is over */
	bool skip;		/* nothing more to see in this line */
	size_t len;		/* of the field's name so far */
	char word[HOPS_WORD];
};

void hops_init(struct hops *h);
/* Lines end in LF, or in CRLF. */
void hops_add(struct hops *h, const char *p, size_t len);

#endif

/*
 * addresses - the mailboxes of a header field, or of an argument (RFC 5322
 * 3.4): with names, comments, groups and old routes around them.
 */
#ifndef LIB_ADDRESSES_H
#define LIB_ADDRESSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/mm.h"

#define ADDRESSES_WHOLE SIZE_MAX

struct addresses {
	size_t n, room;
	char **at;		/* as path_text() has them */
	size_t *bare;		/* where in the text a domain is missing, or
				 * ADDRESSES_WHOLE */
	bool utf8;		/* RFC 6532: as they are, if beyond ASCII */
};

/*
 * Adds those of text; one without a domain gets that one.  0; or -1 with
 * *why_r a constant text, and those before the mistake added.
 */
MM_MUST_USE int addresses_take(struct addresses *to, const char *text,
    size_t len, const char *domain, const char **why_r);
void addresses_free(struct addresses *a);

#endif

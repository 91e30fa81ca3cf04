/*
 * tags - text with tags for what is known only later, such as the lines of
 * the greeting: %H is the host's name, %% is a percent sign.
 */
#ifndef LIB_TAGS_H
#define LIB_TAGS_H

#include <stdbool.h>
#include <stddef.h>
#include "lib/mm.h"

enum tag {
	TAG_HOST,	/* %H: what this server calls itself */
	TAG_TIME,	/* %T: date and time, RFC 5322 */
	TAG_VERSION,	/* %V */
	TAG_CHANNEL,	/* %c */
	TAG_ADDRESS,	/* %i: the client's */
	TAG_LISTENER,	/* %l */
	TAG_NAME,	/* %n: the client's, or its address as a literal */
	TAG_PORT,	/* %p: the client's */
	TAG_SESSION,	/* %s: as the log has it */
	TAG_COUNT
};

/* A value each; null is none. */
struct tag_values {
	const char *of[TAG_COUNT];
};

/* The first tag that there is not ("%x", or "%" at the end), or null. */
const char *tags_wrong(const char *text);
/* Whether the text has that one. */
bool tags_has(const char *text, enum tag tag);
/* All that there are, "%H %T ...", for people. */
extern const char tags_known[];
/*
 * Puts the values in; cut to fit with a NUL, and all but printable ASCII
 * becomes '?'.  Gives how long it would be uncut.  A wrong tag stays as it is.
 */
size_t tags_expand(const char *text, const struct tag_values *v, char *dst_r,
    size_t size);

#endif

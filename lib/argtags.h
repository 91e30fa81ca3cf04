/*
 * argtags - tags in the arguments of a command: {recipient} and the like.
 *
 * Each is replaced once, and what is put in is never looked at again: no
 * value can bring in a tag, another argument, or anything for a shell.
 * "{{" is a brace.
 */
#ifndef LIB_ARGTAGS_H
#define LIB_ARGTAGS_H

#include <stdbool.h>
#include "lib/buf.h"
#include "lib/mm.h"

enum argtag {
	/* Those of one recipient, first. */
	ARGTAG_RECIPIENT, ARGTAG_ORIGINAL, ARGTAG_LOCAL, ARGTAG_EXTENSION,
	ARGTAG_DOMAIN, ARGTAG_MAILBOX,
	/* Those of the message. */
	ARGTAG_SENDER, ARGTAG_SIZE, ARGTAG_QUEUE_ID, ARGTAG_CHANNEL,
	ARGTAG_CLIENT,
	ARGTAG_COUNT
};
#define ARGTAG_MESSAGE ARGTAG_SENDER	/* the first of a message */

struct argtag_values {
	const char *of[ARGTAG_COUNT];
};

/*
 * Where the first tag is that there is not, or that has no end; or null.
 */
const char *argtags_wrong(const char *text);
/* Whether it has a tag of a recipient; whole_r: and is that tag alone. */
bool argtags_personal(const char *text, bool *whole_r);
/* Adds the text with its values, and a NUL; 0, or -1 if b is full. */
MM_MUST_USE int argtags_expand(const char *text,
    const struct argtag_values *v, struct buf *b);
/*
 * An argument that is no option in the file must not become one: whether text
 * has no '-' in front and what it became has.
 */
bool argtags_option(const char *text, const char *expanded);

#endif

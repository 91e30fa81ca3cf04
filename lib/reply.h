/*
 * reply - an SMTP reply as a value.
 *
 * Handlers name replies; numbers and texts stand in replies.def alone.
 */
#ifndef LIB_REPLY_H
#define LIB_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include "lib/mm.h"

enum reply_name {
#define REPLY(name, code, enhanced, text) REPLY_##name,
#include "lib/replies.def"
#undef REPLY
	REPLY_COUNT
};

#define REPLY_TEXT 400
/* The text of a line without enhanced code (RFC 5321 4.5.3.1.5), and a NUL. */
#define SMTP_LINE_TEXT (512 - 4 - 2 + 1)

/*
 * reason is the log's word for why (a check's name, "-" for none); key,
 * value and most say which limit, what it was compared with, and the bound.
 */
struct reply {
	enum reply_name name;
	int code;
	char enhanced[12];	/* "5.7.1", or empty */
	char text[REPLY_TEXT];	/* one line, printable ASCII */
	char reason[32];
	char detail[160];	/* "limit=max-recipients value=101 most=100" */
};

/* The row's codes and text; %-arguments fill the text's own. */
void reply_set(struct reply *r, enum reply_name name, ...);
void reply_because(struct reply *r, const char *reason);
/* What reason goes by, for the log; cut where it is too long. */
void reply_detail(struct reply *r, const char *fmt, ...) MM_PRINTF(2, 3);
void reply_limit(struct reply *r, const char *limit, long long value,
    long long most);
const char *reply_name_text(enum reply_name name);

static inline bool
reply_good(const struct reply *r)
{
	return r->code >= 200 && r->code < 400;
}

static inline bool
reply_temporary(const struct reply *r)
{
	return r->code >= 400 && r->code < 500;
}

#endif

/*
 * decide - what submit decides again by itself: the channel that mail comes
 * from, and each recipient.
 *
 * The same code and tables as the session's (tables/source.h, route.h), but
 * from what submit knows: the row, and its own question for the name.
 */
#ifndef SUBMIT_DECIDE_H
#define SUBMIT_DECIDE_H

#include <stdbool.h>
#include "lib/ask.h"
#include "lib/log.h"
#include "lib/mm.h"
#include "submit/caller.h"
#include "tables/route.h"
#include "tables/source.h"

/* Where a caller's mail comes from. */
struct whence {
	bool decided;
	struct source_list list;
	struct source source;
	char name[256];		/* confirmed by our own look-up, or "" */
	struct settings limits;	/* in force for that channel */
};

/*
 * Begins; *ask_r tells that the name of c->row.peer is needed first.  Where
 * it is not, that is decided.  -1 with a reason if the row's list of
 * channels makes no sense.
 */
MM_MUST_USE int decide_whence(const struct site *s, const struct caller *c,
    struct whence *o_r, bool *ask_r, struct buf *why_r);
/* Ends, with the answer. */
void decide_named(const struct site *s, const struct caller *c,
    struct whence *o, enum ask_outcome outcome, const char *name);

/* The least urgent event that is logged: the channel's, once it is known. */
enum log_level decide_log_level(const struct site *s, const struct whence *o);
/* The channel's name; "-" for our own notices. */
const char *decide_channel(const struct site *s, const struct whence *o);

/*
 * The envelope's sender as it is queued, path_text form.  A local user's own
 * becomes login@hostname unless it already is, or is null.
 */
MM_MUST_USE int decide_sender(const struct site *s, const struct caller *c,
    const char *sender, char dst[PATH_TEXT], struct reply *reply_r);

/*
 * Adds the recipient's routes; -1 with the refusal.  sender is what
 * decide_sender() gave; why_r is as route_recipient() has it.
 */
MM_MUST_USE int decide_recipient(const struct site *s, const struct caller *c,
    const struct whence *o, const char *sender, const char *address,
    struct routes *r, struct reply *reply_r, struct authorised *why_r);

/* "SMTP", "ESMTP", "ESMTPS"; null for what a session cannot have proved. */
const char *decide_with(const char *claimed);

#endif

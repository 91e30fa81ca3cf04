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
#include "tables/forhost.h"
#include "tables/route.h"
#include "tables/source.h"
#include "tables/wrapwatch.h"

/* What lookup must be asked before it is decided. */
enum decide_need {
	NEED_NOTHING,		/* it is */
	NEED_NAME,		/* of c->row.peer */
	NEED_RULES		/* what rules of libwrap set for it */
};

/* Where a caller's mail comes from. */
struct whence {
	bool decided;
	enum decide_need need;
	struct source_list list;
	struct source source;
	enum ask_outcome outcome;	/* of the look-up for the name */
	char name[256];		/* confirmed by our own look-up, or "" */
	struct settings limits;	/* in force for the client */
	struct forhost *own;	/* what limits refers to; or null */
	char wrong[LAYERED_WHY];	/* why its settings are none; or "" */
};

/*
 * Begins; o_r->need tells whether there is something to ask, and is changed by
 * what follows.  -1 with a reason if the row's list of channels makes no
 * sense.
 */
MM_MUST_USE int decide_whence(const struct site *s, const struct caller *c,
    struct wrapwatch *rules, struct whence *o_r, struct buf *why_r);
/* The question itself. */
void decide_question(const struct site *s, const struct caller *c,
    const struct whence *o, struct ask_access_question *q_r);
/* Goes on with the answer; null: there was none. */
void decide_answered(const struct site *s, const struct caller *c,
    struct wrapwatch *rules, struct whence *o, const struct ask_answer *a);
/* Once more from the same name, when tables know more. */
void decide_source(const struct site *s, const struct caller *c,
    struct wrapwatch *rules, struct whence *o);
void whence_free(struct whence *o);

/* The least urgent event that is logged: the channel's, once it is known. */
enum log_level decide_log_level(const struct site *s, const struct whence *o);
/* The channel's name; "-" for our own notices. */
const char *decide_channel(const struct site *s, const struct whence *o);

/*
 * The envelope's sender as it is queued, path_text form.  A local user's own
 * becomes login@hostname, unless it already is, or is null, or sender-logins
 * lists it.
 */
MM_MUST_USE int decide_sender(const struct site *s, const struct caller *c,
    const struct whence *o, const char *sender, char dst[PATH_TEXT],
    struct reply *reply_r);

/*
 * Adds the recipient's routes; -1 with the refusal.  sender is what
 * decide_sender() gave; why_r is as route_recipient() has it.
 */
MM_MUST_USE int decide_recipient(const struct site *s, const struct caller *c,
    const struct whence *o, const char *sender, const char *address,
    struct routes *r, struct reply *reply_r, struct authorised *why_r);

/* Does that word say that there was TLS? */
bool decide_with_tls(const char *with);
/*
 * "SMTP", "ESMTP", "ESMTPS", or "LMTP", "LMTPS" where the listener speaks that
 * (-1 for none: either), or those of RFC 6531 4.3 with "UTF8", and for who has
 * logged in with an A at the end; null for what a session cannot have proved.
 */
const char *decide_with(const struct conf *c, int listener, bool login,
    const char *claimed);

#endif

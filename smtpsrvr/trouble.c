/*
 * trouble - what goes wrong in a session, for smtpd to count.
 *
 * Only what is the client's: a refusal for now is ours more often than not,
 * and nobody is to be shut out because submit was away.
 */
#include "config.h"

#include "lib/log.h"
#include "smtpsrvr/trouble.h"

#define PIECE 16	/* events that are told at once */

static bool
garbage(enum reply_name name)
{
	return name == REPLY_BARE_LF_COMMAND || name == REPLY_BARE_NEWLINE ||
	    name == REPLY_BARE_NEWLINE_DEFER || name == REPLY_BAD_CHARACTER ||
	    name == REPLY_LINE_TOO_LONG || name == REPLY_HTTP;
}

static void
tell(struct session *s, enum life_kind kind)
{
	s->trouble.kind = kind;
	/* If smtpd is gone, the session hears of it elsewhere. */
	if (s->life >= 0)
		(void)!life_tell(s->life, &s->trouble);
	s->trouble = (struct life_report){ 0 };
}

void
trouble_note(struct session *s, const struct reply *r)
{
	/* Who was not let in has done nothing yet. */
	if (!s->greeted)
		return;
	s->trouble.errors += r->code >= 500;
	s->trouble.garbage += garbage(r->name);
	if (s->trouble.errors + s->trouble.garbage + s->trouble.unknown >=
	    PIECE)
		tell(s, LIFE_TROUBLE);
}

void
trouble_tell(struct session *s)
{
	const struct life_report *r = &s->trouble;

	if (r->errors + r->garbage + r->unknown + r->failures > 0)
		tell(s, LIFE_TROUBLE);
}

void
trouble_end(struct session *s)
{
	tell(s, LIFE_END);
}

void
trouble_lost(const struct session *s)
{
	struct life_report r = { .kind = LIFE_LOST,
	    .errors = (uint32_t)log_untold() };

	if (r.errors > 0 && s->life >= 0)
		(void)!life_tell(s->life, &r);
}

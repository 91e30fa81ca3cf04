/*
 * refusal - see refusal.h.
 */
#include "config.h"

#include <stdio.h>

#include "lib/text.h"
#include "smtpsrvr/refusal.h"

/* The reply, and why. */
static void
add_reply(struct session *s, struct logline *l, const struct reply *r)
{
	char lower[32];

	snprintf(lower, sizeof lower, "%s", reply_name_text(r->name));
	text_lower(lower);
	log_num(l, "code", r->code);
	log_word(l, "enh", r->enhanced[0] != '\0' ? r->enhanced : "-");
	log_word(l, "reason", r->reason[0] != '\0' && r->reason[0] != '-' ?
	    r->reason : lower);
	log_word(l, "tls", s->secured != NULL ? s->secured->version : "-");
}

/* What the client says; last, for it is quoted. */
static void
add_said(struct session *s, struct logline *l, const struct reply *r)
{
	char text[PATH_TEXT];

	if (r->detail[0] != '\0')
		log_text(l, "detail", r->detail);
	log_text(l, "helo", s->helo);
	if (s->state >= STATE_MAIL || s->tx.sender.local[0] != '\0')
		log_text(l, "from", path_text(&s->tx.sender, text));
	if (s->tx.recipient.local[0] != '\0')
		log_text(l, "to", path_text(&s->tx.recipient, text));
}

void
refusal_log(struct session *s, const struct reply *r, const char *verb,
    int64_t waited)
{
	struct logline l;

	log_begin(&l, LEVEL_NOTICE, "refuse");
	session_log(s, &l, verb);
	add_reply(s, &l, r);
	if (waited > 0)
		log_num(&l, "tarpit", waited);
	add_said(s, &l, r);
	log_end(&l);
}

void
refusal_rehearsed(struct session *s, const struct reply *r, const char *verb,
    const char *check)
{
	struct logline l;

	log_begin(&l, LEVEL_NOTICE, "rehearse");
	session_log(s, &l, verb);
	log_word(&l, "check", check);
	add_reply(s, &l, r);
	add_said(s, &l, r);
	log_end(&l);
}

/*
 * MAIL (RFC 5321 4.1.1.2).
 *
 *	mail = "MAIL FROM:" Reverse-path [SP Mail-parameters] CRLF
 */
#include "config.h"

#include "smtpsrvr/checks.h"
#include "smtpsrvr/commands.h"

void
cmd_mail(struct session *s, const struct argument *a, struct reply *r)
{
	struct mail_params p;
	struct mailbox path = a->path;
	struct check_subject x = { .path = &path, .params = &p };
	const struct params_by by = { .offer = &s->offer,
	    .set = s->set, .now = clock_wall_us() };

	if (params_mail(a->params, &by, &p, r) != 0 ||
	    command_utf8(s, p.utf8, REPLY_BAD_SENDER_SYNTAX, &path, r) != 0)
		return;
	session_reset(s);
	s->tx.sender = path;
	s->tx.params = p;
	if (checks_run(s, MAIL, &x, r) == REFUSE ||
	    (!s->set->delay_refusals && checks_run(s, SENDER, &x, r) ==
	    REFUSE)) {
		s->tx.done = true;
		return;
	}
	s->begun++;
	s->state = STATE_MAIL;
	if (p.lowered)
		reply_set(r, REPLY_PRIORITY_CHANGED, (long long)p.priority);
	else
		reply_set(r, REPLY_SENDER_OK);
}

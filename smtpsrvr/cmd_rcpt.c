/*
 * RCPT (RFC 5321 4.1.1.3).
 *
 *	rcpt = "RCPT TO:" ( "<Postmaster@" Domain ">" / "<Postmaster>" /
 *	       Forward-path ) [SP Rcpt-parameters] CRLF
 *
 * Answered here with the code and the tables that submit decides with again.
 */
#include "config.h"

#include "smtpsrvr/checks.h"
#include "smtpsrvr/commands.h"
#include "smtpsrvr/pace.h"
#include "smtpsrvr/submitter.h"

void
cmd_rcpt(struct session *s, const struct argument *a, struct reply *r)
{
	struct mailbox path = a->path;
	struct check_subject x = { .path = &path };
	const struct params_by by = { .offer = &s->offer,
	    .utf8 = s->tx.params.utf8 };
	struct rcpt_params p;

	if (params_rcpt(a->params, &by, &p, r) != 0 ||
	    command_utf8(s, by.utf8, REPLY_BAD_RCPT_SYNTAX, &path, r) != 0)
		return;
	s->tx.recipient = path;
	if (checks_run(s, RCPT, &x, r) == REFUSE ||
	    checks_delayed(s, &path, r) == REFUSE ||
	    checks_run(s, ACCEPT, &x, r) == REFUSE) {
		s->tx.nobody += r->name == REPLY_NO_SUCH_USER;
		if (s->state == STATE_MAIL)
			s->state = STATE_REFUSED;
		return;
	}
	if (submitter_recipient(s, &path, &p) != 0) {
		reply_set(r, REPLY_TOO_MANY_RCPTS);
		return;
	}
	s->tx.accepted++;
	s->state = STATE_RCPT;
	pace_recipient(s);
	reply_set(r, REPLY_RECIPIENT_OK);
}

/*
 * check_mail - the checks of MAIL, RCPT and the end of the message that need
 * nothing but the session and the tables.
 */
#include "config.h"

#include "smtpsrvr/checks.h"
#include "tables/route.h"

enum check_verdict
check_messages(struct session *s, const struct check_subject *x,
    struct reply *r)
{
	(void)x;
	if (s->messages < s->set->max_messages)
		return PASS;
	reply_set(r, REPLY_SESSION_OVER, "enough messages");
	reply_limit(r, "max-messages", s->messages, s->set->max_messages);
	s->over = true;
	return REFUSE;
}

enum check_verdict
check_declared_size(struct session *s, const struct check_subject *x,
    struct reply *r)
{
	if (x->params->size <= s->set->max_message_size)
		return PASS;
	reply_set(r, REPLY_TOO_BIG, (long long)s->set->max_message_size);
	reply_limit(r, "max-message-size", x->params->size,
	    s->set->max_message_size);
	return REFUSE;
}

enum check_verdict
check_recipients(struct session *s, const struct check_subject *x,
    struct reply *r)
{
	(void)x;
	if (s->tx.accepted < s->set->max_recipients)
		return PASS;
	reply_set(r, REPLY_TOO_MANY_RCPTS);
	reply_limit(r, "max-recipients", s->tx.accepted,
	    s->set->max_recipients);
	return REFUSE;
}

enum check_verdict
check_route(struct session *s, const struct check_subject *x,
    struct reply *r)
{
	struct sending from;

	checks_sending(s, &from);
	return route_recipient(&s->server->site, &from, x->path, NULL, r,
	    NULL) == 0 ? PASS : REFUSE;
}

enum check_verdict
check_size(struct session *s, const struct check_subject *x, struct reply *r)
{
	(void)x;
	if (s->tx.size <= (uint64_t)s->set->max_message_size)
		return PASS;
	reply_set(r, REPLY_TOO_BIG, (long long)s->set->max_message_size);
	reply_limit(r, "max-message-size", (long long)s->tx.size,
	    s->set->max_message_size);
	return REFUSE;
}

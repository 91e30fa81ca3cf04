/*
 * check_sender - the checks of the sender, and of recipients wherever they
 * go.  Settings and tables are tables/envelope.h's, with which submit decides
 * again.
 */
#include "config.h"

#include "smtpsrvr/checks.h"
#include "smtpsrvr/consult.h"
#include "tables/envelope.h"
#include "tables/logins.h"

static enum check_verdict
ask(const struct session *s, int (*question)(const struct envelope *e,
    struct reply *r), struct reply *r)
{
	struct envelope e;

	checks_envelope(s, &e);
	return question(&e, r) == 0 ? PASS : REFUSE;
}

enum check_verdict
check_sender_login(struct session *s, const struct check_subject *x,
    struct reply *r)
{
	(void)x;
	return ask(s, logins_sender, r);
}

enum check_verdict
check_sender_null(struct session *s, const struct check_subject *x,
    struct reply *r)
{
	(void)x;
	return ask(s, envelope_sender_null, r);
}

enum check_verdict
check_sender_refuse(struct session *s, const struct check_subject *x,
    struct reply *r)
{
	(void)x;
	return ask(s, envelope_sender_refuse, r);
}

enum check_verdict
check_sender_literal(struct session *s, const struct check_subject *x,
    struct reply *r)
{
	(void)x;
	return ask(s, envelope_sender_literal, r);
}

enum check_verdict
check_sender_domain(struct session *s, const struct check_subject *x,
    struct reply *r)
{
	(void)x;
	return ask(s, envelope_sender_domain, r);
}

enum check_verdict
check_sender_own(struct session *s, const struct check_subject *x,
    struct reply *r)
{
	(void)x;
	return ask(s, envelope_sender_own, r);
}

/* The refusal, or OK. */
static enum reply_name
resolve(struct session *s, const char *domain)
{
	bool differs;

	switch (consult_host(s, ASK_MAIL, domain, NULL, &differs)) {
	case ASK_HOST_FOUND:
	case ASK_HOST_SELF:
		return REPLY_OK;
	case ASK_HOST_NONE:
		return REPLY_SENDER_UNRESOLVED;
	case ASK_HOST_NULL:
		return REPLY_NULL_MX;
	case ASK_HOST_LATER:
		break;
	}
	return REPLY_RESOLVE_LATER;
}

enum check_verdict
check_sender_resolve(struct session *s, const struct check_subject *x,
    struct reply *r)
{
	const char *domain = s->tx.sender.domain;
	enum reply_name answer;
	struct envelope e;

	(void)x;
	if (s->set->sender_domain != SENDER_RESOLVES || domain[0] == '\0' ||
	    domain[0] == '[')
		return PASS;
	checks_envelope(s, &e);
	switch (envelope_ours(&e, domain, r)) {
	case TB_FOUND:
		return PASS;	/* whatever the outside knows of it */
	case TB_LATER:
		return REFUSE;
	case TB_NOT_FOUND:
	case TB_NEGATED:
		break;
	}
	answer = resolve(s, domain);
	if (answer == REPLY_OK)
		return PASS;
	(void)envelope_no(&e, r, answer, domain, "sender_resolve");
	return REFUSE;
}

enum check_verdict
check_bounce_recipients(struct session *s, const struct check_subject *x,
    struct reply *r)
{
	(void)x;
	if (s->tx.sender.local[0] != '\0' ||
	    s->tx.accepted < s->set->max_bounce_recipients)
		return PASS;
	reply_set(r, REPLY_BOUNCE_RECIPIENTS);
	reply_limit(r, "max-bounce-recipients", s->tx.accepted,
	    s->set->max_bounce_recipients);
	return REFUSE;
}

enum check_verdict
check_recipient_refuse(struct session *s, const struct check_subject *x,
    struct reply *r)
{
	struct envelope e;

	checks_envelope(s, &e);
	return envelope_recipient_refuse(&e, x->path, r) == 0 ? PASS : REFUSE;
}

/*
 * check_mail - the checks of MAIL, RCPT and the end of the message that need
 * nothing but the session and the tables.
 */
#include "config.h"

#include "lib/quota.h"
#include "lib/space.h"
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
check_auth(struct session *s, const struct check_subject *x, struct reply *r)
{
	(void)x;
	if (s->set->auth != AUTH_REQUIRED || s->login[0] != '\0')
		return PASS;
	reply_set(r, REPLY_NEED_AUTH);
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
check_space(struct session *s, const struct check_subject *x,
    struct reply *r)
{
	const struct settings *v = &s->server->conf->server.v;
	struct space now;
	struct space_lack lack;

	if (!space_seen(s->server->counts, clock_ms(), &now) ||
	    space_fits(&now, x->params->size, v->min_free_space,
	    v->min_free_inodes, &lack))
		return PASS;
	reply_set(r, REPLY_NO_SPACE);
	reply_detail(r, "limit=%s value=%lld least=%lld", lack.setting,
	    (long long)lack.value, (long long)lack.least);
	return REFUSE;
}

static enum check_verdict
ask_rates(const struct session *s, enum rate_what what, uint32_t n,
    struct reply *r)
{
	const struct quota_who who = { .peer = s->who.peer,
		.login = s->login };
	struct quota q;

	if (s->set->rates.n == 0)
		return PASS;
	quota_init(&q, s->server->conf, s->who.listener, s->source.channel,
	    &who);
	q.lenient = s->set->over_login_rates == OVER_LOGIN_HOLD;
	return quota_allows(&q, s->server->counts, what, n, r) ? PASS :
	    REFUSE;
}

enum check_verdict
check_mail_rates(struct session *s, const struct check_subject *x,
    struct reply *r)
{
	(void)x;
	return ask_rates(s, RATE_MESSAGES, 1, r);
}

enum check_verdict
check_rcpt_rates(struct session *s, const struct check_subject *x,
    struct reply *r)
{
	(void)x;
	return ask_rates(s, RATE_RECIPIENTS, s->tx.accepted + 1, r);
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
check_header(struct session *s, const struct check_subject *x,
    struct reply *r)
{
	(void)x;
	if (s->tx.completion == NULL ||
	    s->tx.completion->mend.wrong[0] == '\0')
		return PASS;
	reply_set(r, REPLY_BAD_HEADER, s->tx.completion->mend.wrong);
	return REFUSE;
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

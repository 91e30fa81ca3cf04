/*
 * check_mail - the checks of MAIL, RCPT and the end of the message that need
 * nothing but the session and the tables.
 */
#include "config.h"

#include "lib/quota.h"
#include "lib/space.h"
#include "smtpsrvr/checks.h"
#include "tables/logins.h"
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
check_transactions(struct session *s, const struct check_subject *x,
    struct reply *r)
{
	(void)x;
	if (s->begun < s->set->max_empty_transactions)
		return PASS;
	reply_set(r, REPLY_SESSION_OVER, "no message in many transactions");
	reply_limit(r, "max-empty-transactions", s->begun,
	    s->set->max_empty_transactions);
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

/* One mailbox of the header, as authors.h has it. */
static enum check_verdict
may_write_as(const struct session *s, const char *text, struct reply *r)
{
	enum tb_answer answer = TB_NEGATED;
	struct envelope e;
	struct mailbox m;

	checks_envelope(s, &e);
	if (path_parse_bare(text, &m) == PATH_OK)
		answer = logins_may(&e, &m, r);
	if (answer == TB_FOUND)
		return PASS;
	if (answer != TB_LATER) {
		reply_set(r, REPLY_HEADER_NOT_YOURS, text);
		reply_detail(r, "login=%s", s->login);
	}
	return REFUSE;
}

static enum check_verdict
may_write_as_all(const struct session *s, const struct addresses *a,
    struct reply *r)
{
	for (size_t i = 0; i < a->n; i++)
		if (may_write_as(s, a->at[i], r) != PASS)
			return REFUSE;
	return PASS;
}

enum check_verdict
check_header_from(struct session *s, const struct check_subject *x,
    struct reply *r)
{
	const struct completion *c = s->tx.completion;
	const struct addresses *sender;
	const struct mend_facts *f;
	const struct authors *a;
	const char *why;

	(void)x;
	if (c == NULL || (c->mend.facts.what & MEND_AUTHORS) == 0)
		return PASS;
	f = &c->mend.facts;
	a = &c->mend.authors;
	/* Of a message sent again only its Resent-From is added. */
	why = authors_wrong(a, (f->what & MEND_FROM) != 0 &&
	    f->from[0] != '\0' && !c->mend.resent);
	sender = &a->of[AUTHORS_FROM];
	if (why == NULL && s->set->header_from == HEADER_FROM_SENDER)
		sender = authors_sender(a, &why);
	if (why != NULL || sender == NULL) {
		reply_set(r, REPLY_BAD_HEADER, why);
		return REFUSE;
	}
	if (may_write_as_all(s, sender, r) != PASS)
		return REFUSE;
	return s->set->header_from == HEADER_FROM_ALL ?
	    may_write_as_all(s, &a->of[AUTHORS_SENDER], r) : PASS;
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

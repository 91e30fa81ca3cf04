/*
 * check_helo - the checks of the name in HELO and EHLO (RFC 5321 4.1.1.1).
 *
 * The name is the client's claim, and nothing is believed because of it: it
 * can only speak against the client.  RFC 5321 4.1.4 forbids to refuse mail
 * because it is not the client's, so whatever compares the two is off unless
 * the operator wants it.
 */
#include "config.h"

#include <string.h>

#include "lib/text.h"
#include "smtpsrvr/checks.h"
#include "smtpsrvr/consult.h"
#include "tables/envelope.h"

static enum check_verdict
verdict(int rc, struct session *s, struct reply *r)
{
	if (rc == 0)
		return PASS;
	if (r->detail[0] == '\0')
		reply_detail(r, "name=%s", s->helo);
	return REFUSE;
}

static bool
is_number(const char *label)
{
	return label[strspn(label, "0123456789")] == '\0';
}

static bool
is_good(const char *helo, int level)
{
	const char *dot = strrchr(helo, '.');

	if (helo[0] == '[' || level == HELO_LOOSE)
		return true;
	if (!path_is_domain(helo, strlen(helo)))
		return false;
	return level == HELO_STRICT || (dot != NULL && !is_number(dot + 1));
}

enum check_verdict
check_helo_syntax(struct session *s, const struct check_subject *x,
    struct reply *r)
{
	struct envelope e;

	(void)x;
	if (s->helo[0] == '\0' || is_good(s->helo, s->set->helo_syntax))
		return PASS;
	checks_envelope(s, &e);
	return verdict(envelope_no(&e, r, REPLY_HELO_SYNTAX, s->helo,
	    "helo_syntax"), s, r);
}

enum check_verdict
check_helo_refuse(struct session *s, const struct check_subject *x,
    struct reply *r)
{
	struct envelope e;

	(void)x;
	checks_envelope(s, &e);
	return verdict(envelope_helo_refuse(&e, s->helo, r), s, r);
}

enum check_verdict
check_helo_own(struct session *s, const struct check_subject *x,
    struct reply *r)
{
	struct envelope e;

	(void)x;
	checks_envelope(s, &e);
	return verdict(envelope_helo_own(&e, s->helo, &s->who.local, r), s,
	    r);
}

enum check_verdict
check_helo_literal(struct session *s, const struct check_subject *x,
    struct reply *r)
{
	struct envelope e;
	struct netaddr a;

	(void)x;
	if (s->set->helo_literal == HELO_LITERAL_ANY ||
	    tb_literal(s->helo, &a) != 0 ||
	    (s->set->helo_literal == HELO_LITERAL_OWN &&
	    net_same_host(&a, &s->who.peer)))
		return PASS;
	checks_envelope(s, &e);
	return verdict(envelope_no(&e, r, REPLY_HELO_LITERAL, s->helo,
	    "helo_literal"), s, r);
}

/* The refusal, or OK. */
static enum reply_name
resolve(struct session *s, bool match)
{
	bool differs = false;

	switch (consult_host(s, ASK_HOST, s->helo, match ? &s->who.peer :
	    NULL, &differs)) {
	case ASK_HOST_FOUND:
	case ASK_HOST_SELF:
	case ASK_HOST_NULL:
		return differs && match ? REPLY_HELO_MISMATCH : REPLY_OK;
	case ASK_HOST_NONE:
		return REPLY_HELO_UNRESOLVED;
	case ASK_HOST_LATER:
		break;
	}
	return REPLY_RESOLVE_LATER;
}

enum check_verdict
check_helo_resolve(struct session *s, const struct check_subject *x,
    struct reply *r)
{
	enum reply_name answer;
	struct envelope e;

	(void)x;
	/* A name that is confirmed is there, and the client's. */
	if (s->set->helo_resolve == HELO_RESOLVE_NO || s->helo[0] == '\0' ||
	    s->helo[0] == '[' || text_same(s->helo, s->name))
		return PASS;
	answer = resolve(s, s->set->helo_resolve == HELO_RESOLVE_MATCH &&
	    s->who.peer.family != 0);
	if (answer == REPLY_OK)
		return PASS;
	checks_envelope(s, &e);
	return verdict(envelope_no(&e, r, answer, s->helo, "helo_resolve"), s,
	    r);
}

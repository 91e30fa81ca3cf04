/*
 * check_tls - that a session is over TLS where it has to be (RFC 3207 4,
 * RFC 8314 3.3).
 */
#include "config.h"

#include "smtpsrvr/checks.h"
#include "smtpsrvr/secure.h"
#include "tables/clients.h"

/*
 * A client that fails hears nothing: what we would say is not TLS.  Without a
 * service nobody is connected: inlet explain asks.
 */
enum check_verdict
check_tls_implicit(struct session *s, const struct check_subject *x,
    struct reply *r)
{
	const struct conf *c = s->server->conf;

	(void)x;
	if (s->who.listener < 0 || s->server->tls == NULL ||
	    s->secured != NULL ||
	    !c->listeners[s->who.listener].v.tls_implicit)
		return PASS;
	if (secure_begin(s) == 0) {
		secure_handshake(s);
		if (!s->lost)
			return PASS;
	}
	s->mute = true;
	reply_set(r, REPLY_TLS_FAILED);
	return REFUSE;
}

enum check_verdict
check_tls(struct session *s, const struct check_subject *x, struct reply *r)
{
	(void)x;
	if (s->set->tls != TLS_REQUIRED || s->secured != NULL)
		return PASS;
	reply_set(r, REPLY_NEED_TLS);
	return REFUSE;
}

enum check_verdict
check_tls_client(struct session *s, const struct check_subject *x,
    struct reply *r)
{
	struct tls_client *c = s->secured != NULL ? &s->secured->client : NULL;
	enum tb_answer answer = TB_NOT_FOUND;

	(void)x;
	if (c != NULL)
		c->name[0] = '\0';
	if (s->set->tls_client == TLS_CLIENT_OFF)
		return PASS;
	/* By XCLIENT it is somebody else's: that of the proxy. */
	if (c != NULL && c->fingerprint[0] != '\0' &&
	    (!s->told || s->by_header))
		answer = clients_find(&s->server->site, s->set,
		    s->source.channel, &(struct certificate){ c->verified,
		    c->fingerprint, c->key, c->subject }, c->name);
	if (answer == TB_FOUND || (answer == TB_NOT_FOUND &&
	    s->set->tls_client == TLS_CLIENT_ASKED))
		return PASS;
	reply_set(r, answer == TB_LATER ? REPLY_POLICY_FAILED :
	    REPLY_NEED_CLIENT);
	if (answer == TB_LATER)
		reply_because(r, "table");
	return REFUSE;
}

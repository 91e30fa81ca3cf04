/*
 * XCLIENT and XFORWARD: a client's client, as a listed host says (Postfix's
 * XCLIENT_README and XFORWARD_README).
 *
 *	xclient = "XCLIENT" SP attributes CRLF	; a session begins anew
 *	xforward = "XFORWARD" SP attributes CRLF	; for the log
 *
 * By the other end of the connection as the kernel has it; one that a PROXY
 * header named a client for is that client's, and no proxy.
 */
#include "config.h"

#include <string.h>

#include "lib/spfresult.h"
#include "lib/networks.h"
#include "lib/text.h"
#include "smtpsrvr/attributes.h"
#include "smtpsrvr/commands.h"
#include "smtpsrvr/greet.h"
#include "smtpsrvr/told.h"
#include "smtpsrvr/trouble.h"

static bool
permitted(const struct session *s, const struct strings *networks)
{
	return !s->by_header && networks_hold(networks, &s->peer);
}

bool
keyword_xclient(const struct session *s, char argument_r[KEYWORD_ARGUMENT])
{
	return permitted(s, &s->set->xclient) && text_copy(argument_r,
	    KEYWORD_ARGUMENT, attributes_names(ATTRIBUTES_XCLIENT)) == 0;
}

bool
keyword_xforward(const struct session *s, char argument_r[KEYWORD_ARGUMENT])
{
	return permitted(s, &s->set->xforward) && text_copy(argument_r,
	    KEYWORD_ARGUMENT, attributes_names(ATTRIBUTES_XFORWARD)) == 0;
}

/* All but what is in the log as what it is. */
static void
log_attributes(struct session *s, const char *event, const char *verb,
    const struct attributes *x, bool all)
{
	struct logline l;

	log_begin(&l, LEVEL_INFO, event);
	session_log(s, &l, verb);
	for (int i = 0; i < ATTRIBUTE_COUNT; i++)
		if (x->given[i] && (all || (i != ATTRIBUTE_ADDR &&
		    i != ATTRIBUTE_PORT)))
			log_text(&l, attribute_key((enum attribute)i),
			    x->text[i]);
	log_end(&l);
}

/* The session as it was before its greeting. */
static void
begin_anew(struct session *s)
{
	trouble_tell(s);
	session_reset(s);
	forhost_free(s->own);
	s->own = NULL;
	s->source = (struct source){ .channel = -1 };
	s->state = STATE_START;
	s->esmtp = false;
	s->helo[0] = '\0';
	s->spf_helo = SPF_UNASKED;
	s->greeted = s->look = false;
	/* What is said now is said by another. */
	session_forget_login(s);
	session_settle(s);
}

static enum check_verdict
believe(struct session *s, const struct attributes *x, struct reply *r)
{
	struct netaddr client = x->given[ATTRIBUTE_ADDR] ? x->client :
	    s->who.peer;
	struct netaddr server = x->given[ATTRIBUTE_DESTADDR] ? x->server :
	    s->who.local;

	client.port = x->given[ATTRIBUTE_ADDR] || x->given[ATTRIBUTE_PORT] ?
	    x->client.port : client.port;
	server.port = x->given[ATTRIBUTE_DESTADDR] ||
	    x->given[ATTRIBUTE_DESTPORT] ? x->server.port : server.port;
	if (x->given[ATTRIBUTE_LOGIN] && text_copy(s->login, sizeof s->login,
	    x->text[ATTRIBUTE_LOGIN]) != 0)
		return REFUSE;
	return told_client(s, &client, &server, r);
}

void
cmd_xclient(struct session *s, const struct argument *a, struct reply *r)
{
	const char *helo;
	struct attributes x;
	char wrong[32];

	if (!permitted(s, &s->set->xclient)) {
		reply_set(r, REPLY_NOT_FOR_YOU, "XCLIENT");
		return;
	}
	if (attributes_parse(a->text, ATTRIBUTES_XCLIENT, &x, wrong) != 0) {
		reply_set(r, REPLY_BAD_PARAMETER, wrong);
		return;
	}
	begin_anew(s);
	if (believe(s, &x, r) == REFUSE || session_admit(s, r) == REFUSE) {
		s->over = true;
		return;
	}
	helo = x.text[ATTRIBUTE_HELO];
	log_attributes(s, "xclient", "XCLIENT", &x, false);
	/* Until the client says it itself. */
	if (path_is_domain(helo, strlen(helo)) ||
	    path_is_literal(helo, strlen(helo)))
		(void)!text_copy(s->helo, sizeof s->helo, helo);
	s->esmtp = text_same(x.text[ATTRIBUTE_PROTO], "ESMTP");
	greet_client(s);
	/* That was the reply. */
	r->code = 0;
}

void
cmd_xforward(struct session *s, const struct argument *a, struct reply *r)
{
	struct attributes x;
	char wrong[32];

	if (!permitted(s, &s->set->xforward)) {
		reply_set(r, REPLY_NOT_FOR_YOU, "XFORWARD");
		return;
	}
	if (attributes_parse(a->text, ATTRIBUTES_XFORWARD, &x, wrong) != 0) {
		reply_set(r, REPLY_BAD_PARAMETER, wrong);
		return;
	}
	log_attributes(s, "xforward", "XFORWARD", &x, true);
	reply_set(r, REPLY_OK);
}

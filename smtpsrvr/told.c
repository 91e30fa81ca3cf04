/*
 * told - a client's address that a listed proxy says, in place of the
 * connection's own.
 *
 * Runs in the session and is believed by nobody for it: smtpd and submit look
 * themselves whether the connection is a listed proxy's.
 */
#include "config.h"

#include "smtpsrvr/told.h"

#define ANSWER_MS 5000

enum check_verdict
told_client(struct session *s, const struct netaddr *client,
    const struct netaddr *server, struct reply *r)
{
	struct life_report ask = { .kind = LIFE_CLIENT, .client = *client };
	struct sub_hello *h = session_hello(s);
	struct life_answer a;

	s->told = true;
	s->who.peer = h->peer = *client;
	s->who.local = h->local = *server;
	if (h->kind == SUB_SESSION)
		h->flags |= SUB_TOLD;
	net_text(client, s->ip);
	s->name[0] = '\0';
	if (s->life < 0)
		return PASS;
	if (life_ask(s->life, &ask, clock_ms() + ANSWER_MS, &a) == 0)
		return checks_answered(s, &a, r);
	reply_set(r, REPLY_NO_SERVICE, s->set->hostname);
	return REFUSE;
}

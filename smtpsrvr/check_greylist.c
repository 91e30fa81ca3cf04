/*
 * check_greylist - a sender that this network has not written from to that
 * recipient is asked to come again: who sends mail for others does.
 *
 * lookup remembers (tables/greylist.h); whoever it cannot say anything of is
 * let in.
 */
#include "config.h"

#include <stdio.h>
#include <unistd.h>

#include "lib/ask.h"
#include "lib/text.h"
#include "smtpsrvr/checks.h"
#include "smtpsrvr/consult.h"

/* Hosts that may relay, and who has logged in, are no strangers. */
static bool
wanted(const struct session *s)
{
	struct sending from;

	checks_sending(s, &from);
	return s->set->greylist == GREYLIST_ON && s->who.peer.family != 0 &&
	    s->login[0] == '\0' &&
	    !authorise_relays_for(s->server->conf, &from);
}

static void
ask(const struct session *s, const struct mailbox *to,
    struct ask_grey_answer *a_r)
{
	const struct settings *v = &s->server->conf->server.v;
	struct ask_grey_question q = {
		.delay = (uint32_t)(s->set->greylist_delay / 1000)
	};
	int sock = consult_lookup(s->server);

	*a_r = (struct ask_grey_answer){ .outcome = ASK_GREY_BROKEN };
	if (sock < 0)
		return;
	q.q.address = net_prefix(&s->who.peer, (int)(s->who.peer.family == 6 ?
	    v->prefix_length_ipv6 : v->prefix_length_ipv4));
	path_text(&s->tx.sender, q.sender);
	path_text(to, q.recipient);
	(void)!ask_grey(sock, &q, clock_ms() + v->dns_timeout, a_r);
	close(sock);
}

enum check_verdict
check_greylist(struct session *s, const struct check_subject *x,
    struct reply *r)
{
	struct ask_grey_answer a;
	char seconds[24];

	if (!wanted(s))
		return PASS;
	if (s->watcher != NULL) {
		/* Whoever only wants to know is not remembered. */
		s->watcher->consulted(s, "whether it came before",
		    "not asked: if it did not, it is told to come again", 0);
		return PASS;
	}
	ask(s, x->path, &a);
	if (a.outcome != ASK_GREY_WAIT)
		return PASS;
	snprintf(seconds, sizeof seconds, "%u s", (unsigned)a.wait);
	reply_set(r, REPLY_GREYLISTED, seconds);
	reply_limit(r, "greylist-delay", (long long)a.wait * 1000,
	    s->set->greylist_delay);
	return REFUSE;
}

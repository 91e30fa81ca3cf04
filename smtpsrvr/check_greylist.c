/*
 * check_greylist - a sender that this network has not written from to that
 * recipient is asked to come again: who sends mail for others does.
 *
 * lookup remembers (tables/greylist.h); whoever it cannot say anything of is
 * let in.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/ask.h"
#include "lib/text.h"
#include "smtpsrvr/checks.h"
#include "smtpsrvr/consult.h"
#include "tables/envelope.h"

static bool
spares(const struct session *s, const char *whom)
{
	for (size_t i = 0; i < s->set->greylist_spare.n; i++)
		if (strcmp(s->set->greylist_spare.at[i], whom) == 0)
			return true;
	return false;
}

static bool
wanted(const struct session *s, const struct mailbox *to)
{
	const struct settings *v = s->set;
	struct envelope e;

	if (v->greylist != GREYLIST_ON && (v->dnslist_greylist == 0 ||
	    s->tx.score < v->dnslist_greylist))
		return false;
	if (consult_spares(s) || (s->tx.spf_pass && spares(s, "spf")) ||
	    (s->tx.score < 0 && spares(s, "dnslists")))
		return false;
	/* Hosts that may relay are no strangers. */
	checks_envelope(s, &e);
	return !envelope_postmaster(&e, to) &&
	    !authorise_relays_for(s->server->conf, &e.from);
}

static void
ask(struct session *s, const struct mailbox *to,
    struct ask_grey_answer *a_r)
{
	const struct settings *v = &s->server->conf->server.v;
	struct ask_grey_question q = {
		.delay = (uint32_t)(s->set->greylist_delay / 1000)
	};
	int sock = consult_lookup(s);

	*a_r = (struct ask_grey_answer){ .outcome = ASK_GREY_BROKEN };
	if (sock < 0)
		return;
	q.q.address = net_prefix(&s->who.peer, (int)(s->who.peer.family == 6 ?
	    v->prefix_length_ipv6 : v->prefix_length_ipv4));
	path_text(&s->tx.sender, q.sender);
	path_text(to, q.recipient);
	/* Whoever only wants to know is not remembered. */
	if (ask_grey(sock, s->watcher != NULL ? ASK_GREY_LOOK : ASK_GREY, &q,
	    clock_ms() + v->dns_timeout, a_r) != 0)
		consult_done(s);
}

/* For whoever looks on. */
static void
tell(struct session *s, const struct ask_grey_answer *a, int64_t began)
{
	static const char *const answers[] = { "no, and may come again later",
	    "yes", "its network has come again often enough",
	    "could not be found out" };

	consult_told(s, began, "whether it came before",
	    answers[a->outcome - ASK_GREY_WAIT]);
}

enum check_verdict
check_greylist(struct session *s, const struct check_subject *x,
    struct reply *r)
{
	int64_t began = s->watcher != NULL ? clock_us() : 0;
	struct ask_grey_answer a;
	char seconds[24];

	if (!wanted(s, x->path))
		return PASS;
	ask(s, x->path, &a);
	tell(s, &a, began);
	if (a.outcome != ASK_GREY_WAIT)
		return PASS;
	snprintf(seconds, sizeof seconds, "%u s", (unsigned)a.wait);
	reply_set(r, REPLY_GREYLISTED, seconds);
	if (s->set->greylist == GREYLIST_ON)
		reply_limit(r, "greylist-delay", (long long)a.wait * 1000,
		    s->set->greylist_delay);
	else
		reply_detail(r, "limit=greylist-delay value=%lld most=%lld "
		    "score=%lld least=%lld", (long long)a.wait * 1000,
		    (long long)s->set->greylist_delay,
		    (long long)s->tx.score,
		    (long long)s->set->dnslist_greylist);
	return REFUSE;
}

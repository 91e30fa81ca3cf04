/*
 * consult - the way from a session to lookup, for the checks that ask it.
 */
#include "config.h"

#include <stdio.h>
#include <unistd.h>

#include "lib/text.h"
#include "smtpsrvr/checks.h"
#include "smtpsrvr/consult.h"

int
consult_lookup(struct session *s)
{
	if (s->lookup < 0)
		s->lookup = resolver_connect(s->server->jail);
	return s->lookup;
}

void
consult_done(struct session *s)
{
	if (s->lookup >= 0)
		close(s->lookup);
	s->lookup = -1;
}

/* For whoever looks on. */
static void
tell(struct session *s, enum ask_kind kind, const char *name,
    const struct netaddr *a, const struct ask_answer *r, int64_t us)
{
	char question[400], ip[NET_TEXT];
	const char *answer = "could not be found out in time";

	snprintf(question, sizeof question, "%s %s%s%s", kind == ASK_MAIL ?
	    "a domain that takes mail:" : kind == ASK_IDNA ?
	    "a domain in A-labels:" : "a host:", name,
	    a != NULL ? ", with the address " : "",
	    a != NULL ? net_text(a, ip) : "");
	switch ((enum ask_host)r->outcome) {
	case ASK_HOST_FOUND:
	case ASK_HOST_SELF:
		answer = kind == ASK_IDNA ? r->name :
		    r->differs ? "it has other addresses" : "yes";
		break;
	case ASK_HOST_NONE:
		answer = "no";
		break;
	case ASK_HOST_NULL:
		answer = "it says that it takes none";
		break;
	case ASK_HOST_LATER:
		break;
	}
	s->watcher->consulted(s, question, answer, us);
}

enum ask_host
consult_host(struct session *s, enum ask_kind kind, const char *name,
    const struct netaddr *a, bool *differs_r)
{
	int64_t began = s->watcher != NULL ? clock_us() : 0;
	struct ask_answer r = { .outcome = ASK_HOST_LATER };
	int sock = consult_lookup(s);

	if (sock >= 0 && ask_host(sock, kind, name, a, clock_ms() +
	    s->server->conf->server.v.dns_timeout, &r) != 0)
		consult_done(s);
	if (s->watcher != NULL)
		tell(s, kind, name, a, &r, clock_us() - began);
	*differs_r = r.differs != 0;
	return (enum ask_host)r.outcome;
}

bool
consult_spares(const struct session *s)
{
	return s->set->trusted || s->who.peer.family == 0 ||
	    s->login[0] != '\0';
}

void
consult_told(struct session *s, int64_t began, const char *question,
    const char *answer)
{
	if (s->watcher != NULL)
		s->watcher->consulted(s, question, answer, clock_us() -
		    began);
}

int
consult_domain(struct session *s, struct mailbox *m, enum reply_name bad,
    struct reply *reply_r)
{
	int64_t began = s->watcher != NULL ? clock_us() : 0;
	struct ask_answer r = { .outcome = ASK_HOST_LATER };
	int sock;

	if (path_is_ascii(m->domain))
		return 0;
	sock = consult_lookup(s);
	if (sock >= 0 && ask_host(sock, ASK_IDNA, m->domain, NULL,
	    clock_ms() + s->server->conf->server.v.dns_timeout, &r) != 0)
		consult_done(s);
	if (s->watcher != NULL)
		tell(s, ASK_IDNA, m->domain, NULL, &r, clock_us() - began);
	/* Not longer than any domain: ask_good(). */
	if (r.outcome == ASK_HOST_FOUND && text_copy(m->domain,
	    sizeof m->domain, r.name) == 0)
		return 0;
	reply_set(reply_r, r.outcome == ASK_HOST_LATER ?
	    REPLY_POLICY_FAILED : bad);
	return -1;
}

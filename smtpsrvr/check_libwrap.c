/*
 * check_libwrap - hosts.allow and hosts.deny, asked of lookup, which alone
 * reads them: a session can open no file, and libwrap would bring ten more
 * libraries into every fork.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/ask.h"
#include "lib/text.h"
#include "smtpsrvr/checks.h"
#include "smtpsrvr/consult.h"

static bool
wanted(const struct session *s)
{
	/* By hand, on a pipe, there is nobody whom a rule could be about. */
	if (s->who.peer.family == 0 && s->name[0] == '\0')
		return false;
	return s->set->libwrap == LIBWRAP_ON ||
	    (s->set->libwrap == LIBWRAP_AUTO && s->server->wrap_rules);
}

/* For whoever looks on. */
static void
tell(struct session *s, const struct ask_access_question *q,
    const struct ask_answer *a, int64_t us)
{
	static const char *const answers[] = {
		[ASK_ALLOWED] = "allowed",
		[ASK_DENIED] = "denied",
		[ASK_UNNAMED] = ("not known: a rule wants the client's name, "
		    "which could not be found out"),
		[ASK_UNSURE] = ("not known: nobody answers, or the rules "
		    "cannot be read or followed"),
	};
	char question[700], answer[200];

	snprintf(question, sizeof question, "hosts.allow and hosts.deny, for "
	    "%s and %s, of %s%s%s", q->daemon, q->channel, s->ip,
	    q->name[0] != '\0' ? " " : "", q->name);
	snprintf(answer, sizeof answer, "%s%s%s", answers[a->outcome],
	    a->outcome == ASK_DENIED ? " for " : "",
	    a->outcome != ASK_DENIED ? "" :
	    a->channel ? q->channel : q->daemon);
	s->watcher->consulted(s, question, answer, us);
}

static void
ask(struct session *s, const char *channel, struct ask_answer *a)
{
	struct ask_access_question q = { .q.address = s->who.peer };
	int64_t began = s->watcher != NULL ? clock_us() : 0;
	int sock;

	*a = (struct ask_answer){ .outcome = ASK_UNSURE };
	/* lookup finds the name of an address itself, if a rule wants it. */
	if (text_copy(q.daemon, sizeof q.daemon, s->set->libwrap_daemon) != 0 ||
	    text_copy(q.channel, sizeof q.channel, channel) != 0 ||
	    text_copy(q.name, sizeof q.name, s->name) != 0)
		return;
	sock = consult_lookup(s);
	if (sock >= 0 && ask_access(sock, &q, clock_ms() +
	    s->server->conf->server.v.dns_timeout, a) != 0)
		consult_done(s);
	if (s->watcher != NULL)
		tell(s, &q, a, clock_us() - began);
}

enum check_verdict
check_libwrap(struct session *s, const struct check_subject *x,
    struct reply *r)
{
	const char *channel =
	    s->server->conf->channels[s->source.channel].title;
	const char *who = s->name[0] != '\0' ? s->name : s->ip;
	struct ask_answer a;

	(void)x;
	if (!wanted(s))
		return PASS;
	ask(s, channel, &a);
	switch ((enum ask_access)a.outcome) {
	case ASK_ALLOWED:
		return variables_any(&a.set) ? checks_settle(s, &a.set, r) :
		    PASS;
	case ASK_DENIED:
		reply_set(r, s->set->libwrap_denial == LIBWRAP_DENIAL_DEFER ?
		    REPLY_DENIED_FOR_NOW : REPLY_ACCESS_DENIED, who);
		snprintf(r->detail, sizeof r->detail, "daemon=%s",
		    a.channel ? channel : s->set->libwrap_daemon);
		return REFUSE;
	case ASK_UNNAMED:
		reply_set(r, REPLY_LOOKUP_FAILED, s->ip);
		reply_because(r, "lookup");
		return REFUSE;
	case ASK_UNSURE:
		break;
	}
	/* What is wrong is in the log, from lookup. */
	reply_set(r, REPLY_NO_SERVICE, s->set->hostname);
	return REFUSE;
}

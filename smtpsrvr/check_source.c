/*
 * check_source - from the source host to its channel (tables/source.h).
 *
 * The name service is asked only where an answer can matter.
 */
#include "config.h"

#include <string.h>
#include <unistd.h>

#include "lib/ask.h"
#include "lib/text.h"
#include "smtpsrvr/checks.h"
#include "smtpsrvr/consult.h"

static enum ask_outcome
ask_lookup(struct session *s, struct ask_answer *answer)
{
	int sock;

	if (s->who.peer.family == 0)
		return ASK_NONE;
	sock = consult_lookup(s);
	if (sock < 0)
		return ASK_LATER;
	if (ask_name(sock, &s->who.peer, clock_ms() +
	    s->server->conf->server.v.dns_timeout, answer) != 0)
		consult_done(s);
	if (answer->outcome == ASK_FOUND && text_copy(s->name, sizeof s->name,
	    answer->name) != 0)
		return ASK_LATER;
	return (enum ask_outcome)answer->outcome;
}

static enum ask_outcome
ask(struct session *s)
{
	int64_t began = s->watcher != NULL ? clock_us() : 0;
	struct ask_answer answer = { .outcome = ASK_LATER };
	enum ask_outcome outcome = ask_lookup(s, &answer);

	answer.outcome = (uint8_t)outcome;
	if (s->watcher != NULL)
		s->watcher->asked(s, &answer, clock_us() - began);
	return outcome;
}

enum check_verdict
check_source(struct session *s, const struct check_subject *x,
    struct reply *r)
{
	enum ask_outcome outcome = s->name[0] != '\0' ? ASK_FOUND : ASK_NONE;
	const struct settings *last = server_settings(s->server,
	    s->who.listener, source_last(&s->list));
	bool finicky = last->finicky || s->who.finicky != 0;
	bool wanted = s->set->lookup_names == LOOKUP_NAMES_ALWAYS ||
	    (s->set->lookup_names == LOOKUP_NAMES_AUTO &&
	    source_needs_name(&s->server->site, &s->list));

	(void)x;
	if (wanted && s->name[0] == '\0')
		outcome = ask(s);
	source_find(&s->server->site, &s->list, &s->who.peer, outcome,
	    s->name, finicky, &s->source);
	if (s->source.channel >= 0) {
		session_settle(s);
		return PASS;
	}
	*r = s->source.refusal;
	return REFUSE;
}

/*
 * checks - the policy: one ordered table, walked by stage.
 */
#include "config.h"

#include <string.h>

#include "lib/clock.h"
#include "lib/xalloc.h"
#include "smtpsrvr/checks.h"
#include "smtpsrvr/refusal.h"
#include "tables/rehearse.h"

static const struct check checks[] = {
#define CHECK(stage, weight, name, function, settings, text) \
	{ stage, weight, #name, function, settings, text },
#include "smtpsrvr/checks.def"
#undef CHECK
};

/* What a client is doing when a stage's checks are asked. */
static const char *const verbs[] = { [CONNECT] = "CONNECT", [TALK] = "CONNECT",
    [HELO] = "EHLO", [MAIL] = "MAIL", [SENDER] = "MAIL", [RCPT] = "RCPT",
    [ACCEPT] = "RCPT", [END] = "DATA" };

const struct check *
checks_row(size_t i)
{
	return i < ARRAY_LEN(checks) ? &checks[i] : NULL;
}

static enum check_verdict
ask(struct session *s, const struct check *c, const struct check_subject *x,
    struct reply *r)
{
	int64_t began = s->watcher != NULL ? clock_us() : 0;
	enum check_verdict verdict = c->function(s, x, r);

	if (verdict != PASS && (r->reason[0] == '\0' ||
	    strcmp(r->reason, "-") == 0))
		reply_because(r, c->name);
	if (verdict != PASS && c->weight == POLICY &&
	    rehearse_has(s->set, c->name)) {
		verdict = REHEARSED;
		refusal_rehearsed(s, r, verbs[c->stage], c->name);
	}
	if (s->watcher != NULL)
		s->watcher->checked(s, c, verdict, r, clock_us() - began);
	return verdict;
}

enum check_verdict
checks_run(struct session *s, enum check_stage stage,
    const struct check_subject *x, struct reply *r)
{
	for (size_t i = 0; i < ARRAY_LEN(checks); i++)
		if (checks[i].stage == stage &&
		    ask(s, &checks[i], x, r) == REFUSE)
			return REFUSE;
	return PASS;
}

enum check_verdict
checks_delayed(struct session *s, const struct mailbox *to, struct reply *r)
{
	static const struct check_subject nobody;
	struct envelope e;

	if (!s->set->delay_refusals)
		return PASS;
	checks_envelope(s, &e);
	if (envelope_postmaster(&e, to))
		return PASS;
	if (!s->tx.judged) {
		s->tx.judged = true;
		if (checks_run(s, HELO, &nobody, r) == REFUSE ||
		    checks_run(s, SENDER, &nobody, r) == REFUSE) {
			s->tx.refusal = xmalloc(sizeof(*r));
			*s->tx.refusal = *r;
		}
	}
	if (s->tx.refusal == NULL)
		return PASS;
	*r = *s->tx.refusal;
	return REFUSE;
}

void
checks_sending(const struct session *s, struct sending *from_r)
{
	*from_r = (struct sending){
		.channel = s->source.channel,
		.uncertain = s->source.uncertain,
		.unnamed = s->source.unnamed,
		.peer = s->who.peer,
		.name = s->name,
		.proven = s->login[0] != '\0',
		.certified = s->secured != NULL &&
		    s->secured->client.name[0] != '\0',
		.sender = &s->tx.sender,
		.login = s->login,
		.set = s->set,
	};
}

void
checks_envelope(const struct session *s, struct envelope *e_r)
{
	e_r->site = &s->server->site;
	e_r->set = s->set;
	e_r->listed = s->source.found;
	checks_sending(s, &e_r->from);
}

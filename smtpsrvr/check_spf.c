/*
 * check_spf - may the client send for that domain (RFC 7208)?
 *
 * Records are read here, where there is nothing to be won by them; lookup
 * only brings them.  What a domain says of a failure goes into the reply as
 * printable ASCII.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/text.h"
#include "lib/xalloc.h"
#include "smtpsrvr/checks.h"
#include "smtpsrvr/consult.h"
#include "tables/envelope.h"
#include "tables/spf.h"

#define SAID 200		/* of what a domain says of a failure */

struct asking {
	struct spf_resolver r;	/* first */
	struct session *s;
	int64_t deadline;
	struct records records;
};

static const char *const types[] = { [RECORDS_A] = "A", [RECORDS_AAAA] =
    "AAAA", [RECORDS_MX] = "MX", [RECORDS_PTR] = "PTR", [RECORDS_TXT] = "TXT",
    [RECORDS_SPF] = "SPF" };

static void
tell(const struct asking *a, int64_t began)
{
	static const char *const outcomes[] = { "found", "none",
	    "no answer in time", "no answer in time" };
	const struct records_got *g = &a->records.got[0];
	char question[RECORDS_NAME + 32], answer[300];
	const uint8_t *p;
	size_t at = 0, len;

	snprintf(question, sizeof(question), "%s of %s",
	    types[a->records.asked[0].type], a->records.asked[0].name);
	if (a->records.asked[0].type >= RECORDS_TXT && g->outcome ==
	    RECORDS_FOUND && records_next(g, &at, &p, &len)) {
		len = len < sizeof(answer) - 1 ? len : sizeof(answer) - 1;
		for (at = 0; at < len; at++)
			answer[at] = p[at] >= ' ' && p[at] <= '~' ?
			    (char)p[at] : '?';
		answer[len] = '\0';
	} else {
		snprintf(answer, sizeof(answer), "%s", outcomes[g->outcome]);
	}
	consult_told(a->s, began, question, answer);
}

static void
ask(struct spf_resolver *r, enum records_type type, const char *name,
    struct records_got *got_r)
{
	struct asking *a = (struct asking *)r;
	int64_t began = a->s->watcher != NULL ? clock_us() : 0;
	int sock;

	*got_r = (struct records_got){ .outcome = RECORDS_LATER };
	records_begin(&a->records, clock_left(a->deadline));
	if (a->records.time == 0)
		return;
	if (records_add(&a->records, type, name, NULL) != 0) {
		got_r->outcome = RECORDS_NONE;
		return;
	}
	sock = consult_lookup(a->s);
	if (records_ask(&a->records, sock) != 0)
		consult_done(a->s);
	*got_r = a->records.got[0];
	if (a->s->watcher != NULL)
		tell(a, began);
}

static void
find_out(struct session *s, const char *local, const char *domain,
    struct spf_answer *a_r)
{
	struct asking *a = xcalloc(1, sizeof(*a));
	const struct spf_question q = { .client = s->who.peer,
	    .local = local, .domain = domain, .helo = s->helo,
	    .receiver = s->set->hostname, .now = clock_wall_us() / 1000000 };

	a->r.ask = ask;
	a->s = s;
	a->deadline = clock_ms() + s->set->spf_time;
	spf_check(&q, &a->r, a_r);
	free(a);
}

/* In the words of the reply. */
static enum check_verdict
refuse(struct session *s, const char *domain, const struct spf_answer *a,
    const char *check, struct reply *r)
{
	char text[REPLY_TEXT], ip[NET_TEXT];
	enum reply_name name = REPLY_SPF_FAILED;
	struct envelope e;

	if (a->result == SPF_TEMPERROR) {
		name = REPLY_SPF_LATER;
		snprintf(text, sizeof(text), "%.200s", domain);
	} else if (a->result == SPF_PERMERROR) {
		name = REPLY_SPF_BROKEN;
		snprintf(text, sizeof(text), "%.255s", a->why);
	} else {
		snprintf(text, sizeof(text), "SPF %s: %s may not send for "
		    "%.120s%s%.*s", spf_result_text(a->result),
		    net_text(&s->who.peer, ip), domain, a->said[0] != '\0' ?
		    ", which says: " : "", SAID, a->said);
	}
	checks_envelope(s, &e);
	(void)envelope_no(&e, r, name, text, check);
	reply_detail(r, "spf=%s domain=%s", spf_result_text(a->result),
	    domain);
	return REFUSE;
}

enum check_verdict
check_spf_helo(struct session *s, const struct check_subject *x,
    struct reply *r)
{
	const struct strings *actions = &s->set->spf_helo_actions;
	struct spf_answer a = { .result = (enum spf_result)s->spf_helo };

	(void)x;
	if (s->set->spf != CHECK_SPF_BOTH || s->helo[0] == '\0' ||
	    consult_spares(s))
		return PASS;
	/* Known since an earlier message. */
	if (a.result != SPF_UNASKED && a.result != SPF_TEMPERROR &&
	    spf_action_of(actions, a.result) != SPF_REFUSE)
		return PASS;
	find_out(s, "postmaster", s->helo, &a);
	s->spf_helo = (uint8_t)a.result;
	return spf_action_of(actions, a.result) == SPF_REFUSE ?
	    refuse(s, s->helo, &a, "spf_helo", r) : PASS;
}

enum check_verdict
check_spf(struct session *s, const struct check_subject *x, struct reply *r)
{
	bool null = s->tx.sender.domain[0] == '\0';
	const char *domain = null ? s->helo : s->tx.sender.domain;
	enum spf_action action;
	struct spf_answer a;

	(void)x;
	s->tx.spf = SPF_UNASKED;
	s->tx.spf_pass = false;
	if (s->set->spf == CHECK_SPF_OFF || domain[0] == '\0' ||
	    consult_spares(s))
		return PASS;
	find_out(s, null ? "postmaster" : s->tx.sender.local, domain, &a);
	action = spf_action_of(&s->set->spf_actions, a.result);
	s->tx.spf_pass = a.result == SPF_PASS;
	if (action != SPF_IGNORE)
		s->tx.spf = (uint8_t)a.result;
	return action == SPF_REFUSE ? refuse(s, domain, &a, "spf", r) : PASS;
}

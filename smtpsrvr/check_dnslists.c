/*
 * check_dnslists - lists of hosts and domains in the name service.
 *
 * All are asked in one message, and answered in one when all are there or the
 * time is over: who says nothing until then, or an error, says nothing.  What
 * a list says of a client is text from a stranger's name server.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/dnslist.h"
#include "lib/text.h"
#include "lib/xalloc.h"
#include "smtpsrvr/checks.h"
#include "smtpsrvr/consult.h"
#include "tables/envelope.h"

#define SAID 160		/* of a list's reason */
#define ABOUT 80		/* of a name in the reply */

/* Too much for the stack of a session that needs it once a message. */
struct asking {
	struct session *s;
	int n;
	struct dnslist lists[DNSLISTS_MOST];
	int at[DNSLISTS_MOST];
	struct dnslist_subject about;
	struct dnslist_score score;
	struct records records;
};

/* What one list answered, for people. */
static void
tell(const struct asking *a, int i, int64_t began)
{
	static const char *const outcomes[] = { [RECORDS_FOUND] =
	    "an answer that means nothing", [RECORDS_NONE] = "not listed",
	    [RECORDS_LATER] = "no answer in time", [RECORDS_ERROR] =
	    "an error" };
	const struct dnslist *l = &a->lists[i];
	const struct records_got *g = &a->records.got[a->at[i]];
	char question[RECORDS_NAME + 320], about[256], answer[80];
	const uint8_t *ip;
	size_t at = 0, len;
	int n;

	snprintf(question, sizeof(question), "%s, about the %s %s", l->zone,
	    dnslist_of_text(l->of), dnslist_subject_text(&a->about, l->of,
	    about, sizeof(about)));
	n = snprintf(answer, sizeof(answer), "%s", dnslist_lists(l, g) ?
	    "listed" : outcomes[g->outcome]);
	if (g->outcome == RECORDS_FOUND && records_next(g, &at, &ip, &len) &&
	    len == 4)
		n += snprintf(answer + n, sizeof(answer) - (size_t)n,
		    ", %u.%u.%u.%u", ip[0], ip[1], ip[2], ip[3]);
	if (dnslist_lists(l, g))
		snprintf(answer + n, sizeof(answer) - (size_t)n,
		    ", weight %s%d", l->allow ? "-" : "", l->weight);
	consult_told(a->s, began, question, answer);
}

static void
ask(struct asking *a)
{
	if (a->records.n > 0 && records_ask(&a->records,
	    consult_lookup(a->s)) != 0)
		consult_done(a->s);
}

/* In words that no list can choose: printable ASCII, and not much of it. */
static void
take_reason(const struct records_got *g, char said_r[SAID])
{
	const uint8_t *p;
	size_t at = 0, len, i;

	said_r[0] = '\0';
	if (g->outcome != RECORDS_FOUND || !records_next(g, &at, &p, &len))
		return;
	for (i = 0; i < len && i < SAID - 1; i++)
		said_r[i] = p[i] >= ' ' && p[i] <= '~' ? (char)p[i] : '?';
	said_r[i] = '\0';
}

/*
 * Why it is listed: a question of its own, for few clients are.  Also where
 * the time went by waiting for another list.
 */
static void
ask_reason(struct asking *a, int64_t deadline, char said_r[SAID])
{
	int64_t least = a->s->set->dnslist_time / 4, left;
	char name[RECORDS_NAME];

	left = clock_left(deadline);
	said_r[0] = '\0';
	(void)!text_copy(name, sizeof(name),
	    a->records.asked[a->at[a->score.refuser]].name);
	records_begin(&a->records, left > least ? left : least);
	if (records_add(&a->records, RECORDS_TXT, name, NULL) != 0)
		return;
	ask(a);
	take_reason(&a->records.got[0], said_r);
}

static enum check_verdict
refuse(struct asking *a, const char *said, struct reply *r)
{
	const struct dnslist *l = &a->lists[a->score.refuser];
	char about[256], text[REPLY_TEXT];
	struct envelope e;

	dnslist_subject_text(&a->about, l->of, about, sizeof(about));
	snprintf(text, sizeof(text), "%.*s is listed by %.120s%s%s", ABOUT,
	    about, l->zone, said[0] != '\0' ? ": " : "", said);
	checks_envelope(a->s, &e);
	(void)envelope_no(&e, r, REPLY_DNS_LISTED, text, "dnslists");
	reply_detail(r, "zone=%s of=%s score=%lld most=%lld", l->zone,
	    dnslist_of_text(l->of), (long long)a->score.score,
	    (long long)a->s->set->dnslist_refuse);
	return REFUSE;
}

static void
fill_lists(struct asking *a)
{
	const struct strings *l = &a->s->set->dnslists;
	char why[160];

	a->about = (struct dnslist_subject){ .client = a->s->who.peer,
	    .name = a->s->name, .helo = a->s->helo,
	    .sender = a->s->tx.sender.domain };
	for (size_t i = 0; i < l->n && a->n < DNSLISTS_MOST; i++)
		if (dnslist_parse(l->at[i], &a->lists[a->n], why,
		    sizeof(why)) == 0)
			a->n++;
}

enum check_verdict
check_dnslists(struct session *s, const struct check_subject *x,
    struct reply *r)
{
	int64_t began = s->watcher != NULL ? clock_us() : 0, deadline;
	enum check_verdict verdict = PASS;
	char said[SAID];
	struct asking *a;

	(void)x;
	s->tx.listed = 0;
	s->tx.score = 0;
	if (s->set->dnslists.n == 0 || consult_spares(s))
		return PASS;
	a = xcalloc(1, sizeof(*a));
	a->s = s;
	fill_lists(a);
	deadline = clock_ms() + s->set->dnslist_time;
	records_begin(&a->records, s->set->dnslist_time);
	dnslist_ask(a->lists, a->n, &a->about, &a->records, a->at);
	ask(a);
	dnslist_count(a->lists, a->n, &a->records, a->at, &a->score);
	for (int i = 0; i < a->n && s->watcher != NULL; i++)
		if (a->at[i] >= 0)
			tell(a, i, began);
	s->tx.listed = a->score.listed;
	s->tx.score = a->score.score;
	if (s->set->dnslist_refuse > 0 && a->score.refuser >= 0 &&
	    a->score.score >= s->set->dnslist_refuse) {
		ask_reason(a, deadline, said);
		verdict = refuse(a, said, r);
	}
	free(a);
	return verdict;
}

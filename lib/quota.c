/*
 * quota - the rules of messages and recipients.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "lib/quota.h"

void
quota_init(struct quota *q, const struct conf *c, int listener, int channel,
    const struct quota_who *who)
{
	const struct settings *v = &c->server.v;
	int bits = (int)(who->peer.family == 6 ? v->prefix_length_ipv6 :
	    v->prefix_length_ipv4);
	struct netaddr prefix = net_prefix(&who->peer, bits);
	char text[NET_TEXT];

	memset(q, 0, sizeof(*q));
	rates_in_force(c, listener, channel, &q->rates);
	if (who->peer.family != 0) {
		net_text(&who->peer, q->address);
		snprintf(q->prefix, sizeof(q->prefix), "%s/%d",
		    net_text(&prefix, text), bits);
	}
	snprintf(q->login, sizeof(q->login), "%s", who->login);
}

/* Null where the rule is not about this client. */
static const char *
key_text(const struct quota *q, const struct rate *r)
{
	const char *text = "";

	switch ((enum rate_by)r->by) {
	case RATE_ADDRESS:
		text = q->address;
		break;
	case RATE_PREFIX:
		text = q->prefix;
		break;
	case RATE_LOGIN:
		text = q->login;
		break;
	case RATE_CHANNEL:
		return "";
	case RATE_BYS:
		break;
	}
	return text[0] != '\0' ? text : NULL;
}

/* The i-th rule's key; false where it is not about this. */
static bool
key_of(const struct quota *q, size_t i, enum rate_what what,
    struct counts_key *k_r)
{
	const struct rate *r = &q->rates.at[i];
	const struct section *s = q->rates.of;

	*k_r = (struct counts_key){ .what = r->what, .by = r->by,
		.scope = (uint8_t)s->scope, .section = s->title,
		.text = key_text(q, r), .period_ms = r->period_ms };
	return r->what == what && k_r->text != NULL;
}

static void
refuse(enum reply_name name, const struct rate *r,
    const struct counts_key *k, const struct counts_answer *a,
    struct reply *reply_r)
{
	char rule[RATE_TEXT];

	reply_set(reply_r, name, rate_text(r, rule));
	reply_detail(reply_r, "limit=%s-per-%s key=%s value=%lld most=%lld",
	    rate_what_text(r->what), rate_by_text(r->by),
	    k->text[0] != '\0' ? k->text : k->section[0] != '\0' ?
	    k->section : "all", (long long)a->value,
	    (long long)a->most);
}

/* Does the i-th rule let n more through? */
static bool
has_room(const struct quota *q, const struct counts *c, size_t i,
    const struct counts_key *k, uint32_t n, int64_t now,
    struct counts_answer *a_r)
{
	uint32_t most = q->rates.at[i].most;

	*a_r = (struct counts_answer){ .most = most };
	return c == NULL ? n <= most : counts_ask(c, k, n, most, now, a_r);
}

static bool
is_lenient(const struct quota *q, size_t i)
{
	return q->lenient && q->rates.at[i].by == RATE_LOGIN;
}

/* The first rule that does not let n more through, or how many there are. */
static size_t
find_full(const struct quota *q, const struct counts *c, enum rate_what what,
    uint32_t n, int64_t now, struct reply *reply_r)
{
	struct counts_answer a;
	struct counts_key k;

	for (size_t i = 0; i < q->rates.n; i++) {
		const struct rate *r = &q->rates.at[i];

		if (is_lenient(q, i) || !key_of(q, i, what, &k) ||
		    has_room(q, c, i, &k, n, now, &a))
			continue;
		refuse(REPLY_OVER_RATE, r, &k, &a, reply_r);
		return i;
	}
	return q->rates.n;
}

bool
quota_allows(const struct quota *q, const struct counts *c,
    enum rate_what what, uint32_t n, struct reply *reply_r)
{
	return q->rates.n == 0 || find_full(q, c, what, n, counts_now(),
	    reply_r) == q->rates.n;
}

static bool
full(const struct quota *q, struct counts *c, enum rate_what what, uint32_t n,
    int64_t now, struct reply *reply_r)
{
	size_t i = find_full(q, c, what, n, now, reply_r);
	struct counts_key k;

	if (i == q->rates.n)
		return false;
	if (key_of(q, i, what, &k))
		counts_refuse(c, &k);
	return true;
}

/*
 * Some rule never lets as many through at once, however long one waits.  A
 * client hears that at RCPT, and sends to the others later; who has a login
 * hands over the message as a whole.
 */
static bool
never(const struct quota *q, uint32_t recipients, struct reply *reply_r)
{
	struct counts_answer a = { .value = recipients };
	struct counts_key k;

	for (size_t i = 0; q->login[0] != '\0' && i < q->rates.n; i++) {
		a.most = q->rates.at[i].most;
		if (is_lenient(q, i) || recipients <= a.most ||
		    !key_of(q, i, RATE_RECIPIENTS, &k))
			continue;
		refuse(REPLY_NEVER_SO_MANY, &q->rates.at[i], &k, &a, reply_r);
		return true;
	}
	return false;
}

/* Whether the i-th rule would have refused, had it been asked to. */
static void
note_over(struct quota *q, const struct counts *c, size_t i,
    const struct counts_key *k, uint32_t n, int64_t now)
{
	struct counts_answer a;

	if (!is_lenient(q, i) || has_room(q, c, i, k, n, now, &a))
		return;
	if (!q->over)
		rate_text(&q->rates.at[i], q->rule);
	q->over = true;
	/* What is let through counts, so that this is true but once. */
	q->first |= a.value <= a.most;
}

bool
quota_take(struct quota *q, struct counts *c, uint32_t recipients,
    struct reply *reply_r)
{
	struct counts_key k;
	int64_t now;

	if (c == NULL || q->rates.n == 0)
		return true;
	now = counts_now();
	if (never(q, recipients, reply_r) ||
	    full(q, c, RATE_MESSAGES, 1, now, reply_r) ||
	    full(q, c, RATE_RECIPIENTS, recipients, now, reply_r))
		return false;
	for (size_t i = 0; i < q->rates.n; i++) {
		uint32_t most = q->rates.at[i].most, n = 1;

		if (!key_of(q, i, RATE_MESSAGES, &k)) {
			if (!key_of(q, i, RATE_RECIPIENTS, &k))
				continue;
			n = recipients;
		}
		note_over(q, c, i, &k, n, now);
		counts_add(c, &k, n, most, now);
	}
	return true;
}

static void
forgive(const struct conf *c, struct counts *counts, int listener,
    int channel, const struct quota_who *who)
{
	struct counts_key k;
	struct quota q;

	quota_init(&q, c, listener, channel, who);
	for (size_t i = 0; i < q.rates.n; i++)
		if (q.rates.at[i].by == RATE_LOGIN &&
		    key_of(&q, i, (enum rate_what)q.rates.at[i].what, &k))
			counts_give_back(counts, &k, UINT32_MAX);
}

void
quota_forgive(const struct conf *c, struct counts *counts, const char *login)
{
	const struct quota_who who = { .login = login };

	if (counts == NULL)
		return;
	forgive(c, counts, -1, -1, &who);
	for (int i = 0; i < c->nlisteners; i++)
		forgive(c, counts, i, -1, &who);
	for (int i = 0; i < c->nchannels; i++)
		forgive(c, counts, -1, i, &who);
}

void
quota_give_back(const struct quota *q, struct counts *c, uint32_t recipients)
{
	struct counts_key k;

	if (c == NULL)
		return;
	for (size_t i = 0; i < q->rates.n; i++) {
		if (key_of(q, i, RATE_MESSAGES, &k))
			counts_give_back(c, &k, 1);
		else if (key_of(q, i, RATE_RECIPIENTS, &k))
			counts_give_back(c, &k, recipients);
	}
}

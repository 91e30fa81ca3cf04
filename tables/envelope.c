/*
 * envelope - what is said to senders, recipients and names in HELO; see
 * envelope.h.
 *
 * Runs in smtpsrvr on what a client typed, and in submit on what smtpsrvr
 * says.
 */
#include "config.h"

#include <string.h>

#include "lib/mm.h"
#include "lib/text.h"
#include "tables/envelope.h"
#include "tables/rehearse.h"
#include "tables/route.h"
#include "tables/tbrow.h"
#include "tables/watch.h"

int
envelope_no(const struct envelope *e, struct reply *r, enum reply_name name,
    const char *text, const char *reason)
{
	reply_set(r, name, text);
	reply_because(r, reason);
	if (e->from.uncertain && !reply_temporary(r)) {
		reply_set(r, REPLY_UNCERTAIN);
		reply_because(r, "uncertain");
	}
	return -1;
}

static int
table_failed(struct reply *r, const struct tb *t)
{
	reply_set(r, REPLY_POLICY_FAILED);
	reply_because(r, "table");
	reply_detail(r, "table=%s", tb_name(t));
	return -1;
}

static bool
is_null(const struct mailbox *m)
{
	return m == NULL || (m->local[0] == '\0' && m->domain[0] == '\0');
}

/* As find has answered for key: refused, with the value's text, if there. */
static int
judge(const struct envelope *e, const struct tb *t, const char *key,
    enum tb_answer answer, const struct buf *value, int line,
    const char *reason, struct reply *r)
{
	const char *text = buf_str(value);

	watch_lookup(e->site, e->from.channel, t, key, answer, line);
	if (answer == TB_LATER)
		return table_failed(r, t);
	if (answer != TB_FOUND)
		return 0;
	(void)envelope_no(e, r, REPLY_LISTED, text[0] != '\0' ? text :
	    "Access denied", reason);
	reply_detail(r, "table=%s row=%lld", tb_name(t), (long long)line);
	return -1;
}

/* name is what the setting says: a table, or "". */
static int
refuse_listed(const struct envelope *e, const char *name, const char *key,
    bool mailbox, const char *reason, struct reply *r)
{
	struct tb *t = site_table(e->site, name);
	enum tb_answer answer;
	struct buf value;
	int line = 0, rc;

	if (t == NULL)
		return 0;
	buf_init(&value, TBROW_VALUE);
	answer = mailbox ? tb_find_mailbox(t, key, &value, &line) :
	    tb_find_name(t, key, &value, &line);
	rc = judge(e, t, key, answer, &value, line, reason, r);
	buf_free(&value);
	return rc;
}

static bool
is_local(const struct conf *c, int channel)
{
	return strcmp(c->channels[channel].v.program, "local") == 0;
}

enum tb_answer
envelope_ours(const struct envelope *e, const char *domain, struct reply *r)
{
	const struct conf *c = e->site->conf;

	for (int i = 0; i < c->nchannels; i++) {
		struct tb *hosts = e->site->channels[i].hosts;
		enum tb_answer answer;
		int line = 0;

		if (hosts == NULL || !is_local(c, i))
			continue;
		answer = tb_find_name(hosts, domain, NULL, &line);
		watch_lookup(e->site, i, hosts, domain, answer, line);
		if (answer == TB_LATER) {
			(void)table_failed(r, hosts);
			return TB_LATER;
		}
		if (answer == TB_FOUND)
			return TB_FOUND;
	}
	return TB_NOT_FOUND;
}

/*
 * The name that this client sees, or that the others see, or one besides; a:
 * null, or the address that name is the literal of.
 */
static bool
is_our_name(const struct envelope *e, const char *name,
    const struct netaddr *a)
{
	const struct settings *v = &e->site->conf->server.v;
	struct netaddr own;

	for (size_t i = 0; i < v->local_names.n; i++)
		if (a == NULL ? text_same(name, v->local_names.at[i]) :
		    net_parse(v->local_names.at[i], &own) == 0 &&
		    net_same_host(a, &own))
			return true;
	return text_same(name, e->set->hostname) ||
	    text_same(name, v->hostname);
}

/*
 * A host that may send mail anywhere is one of ours, and so is one that
 * stands beside our domains in a table, such as this machine.
 */
static bool
is_trusted(const struct envelope *e)
{
	const struct conf *c = e->site->conf;
	int channel = e->from.channel;

	return channel < 0 || authorise_relays_for(c, &e->from) ||
	    (e->listed && is_local(c, channel));
}

int
envelope_sender_null(const struct envelope *e, struct reply *r)
{
	if (e->set->sender_null == SENDER_NULL_ACCEPT ||
	    !is_null(e->from.sender))
		return 0;
	return envelope_no(e, r, REPLY_NULL_SENDER, NULL, "sender_null");
}

int
envelope_sender_refuse(const struct envelope *e, struct reply *r)
{
	char key[PATH_TEXT];

	if (e->set->sender_refuse[0] == '\0' || is_null(e->from.sender))
		return 0;
	return refuse_listed(e, e->set->sender_refuse,
	    path_text(e->from.sender, key), true, "sender_refuse", r);
}

int
envelope_sender_literal(const struct envelope *e, struct reply *r)
{
	if (e->set->sender_literal == SENDER_LITERAL_ACCEPT ||
	    is_null(e->from.sender) || e->from.sender->domain[0] != '[')
		return 0;
	return envelope_no(e, r, REPLY_SENDER_LITERAL,
	    e->from.sender->domain, "sender_literal");
}

int
envelope_sender_domain(const struct envelope *e, struct reply *r)
{
	const struct mailbox *m = e->from.sender;

	if (e->set->sender_domain == SENDER_ANY || is_null(m) ||
	    m->domain[0] == '[' || strchr(m->domain, '.') != NULL)
		return 0;
	return envelope_no(e, r, REPLY_SENDER_NOT_FULL, m->domain,
	    "sender_domain");
}

/* Does our own sender exist?  Routed as one of our notices would be. */
static int
sender_exists(const struct envelope *e, struct reply *r)
{
	struct sending ours = { .channel = -1, .name = "" };

	if (route_recipient(e->site, &ours, e->from.sender, NULL, r,
	    NULL) == 0)
		return 0;
	if (reply_temporary(r))
		return -1;
	return envelope_no(e, r, REPLY_SENDER_UNKNOWN, NULL, "sender_own");
}

int
envelope_sender_own(const struct envelope *e, struct reply *r)
{
	const struct mailbox *m = e->from.sender;

	if (e->set->sender_own == SENDER_OWN_ACCEPT || is_null(m) ||
	    is_trusted(e))
		return 0;
	switch (envelope_ours(e, m->domain, r)) {
	case TB_FOUND:
		break;
	case TB_LATER:
		return -1;
	case TB_NOT_FOUND:
	case TB_NEGATED:
		return 0;
	}
	if (e->set->sender_own == SENDER_OWN_EXISTS)
		return sender_exists(e, r);
	return envelope_no(e, r, REPLY_SENDER_OURS, m->domain, "sender_own");
}

int
envelope_sender(const struct envelope *e, struct reply *r)
{
	static const struct {
		const char *check;
		int (*ask)(const struct envelope *e, struct reply *r);
	} all[] = {
		{ "sender_null", envelope_sender_null },
		{ "sender_refuse", envelope_sender_refuse },
		{ "sender_literal", envelope_sender_literal },
		{ "sender_domain", envelope_sender_domain },
		{ "sender_own", envelope_sender_own }
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (all[i].ask(e, r) != 0 && !rehearse_has(e->set,
		    all[i].check))
			return -1;
	return 0;
}

int
envelope_recipient_refuse(const struct envelope *e, const struct mailbox *to,
    struct reply *r)
{
	char key[PATH_TEXT];

	if (e->set->recipient_refuse[0] == '\0')
		return 0;
	return refuse_listed(e, e->set->recipient_refuse, path_text(to, key),
	    true, "recipient_refuse", r);
}

bool
envelope_postmaster(const struct envelope *e, const struct mailbox *to)
{
	return e->set->delay_refusals && text_same(to->local, "postmaster");
}

int
envelope_helo_refuse(const struct envelope *e, const char *helo,
    struct reply *r)
{
	if (e->set->helo_refuse[0] == '\0' || helo[0] == '\0')
		return 0;
	return refuse_listed(e, e->set->helo_refuse, helo, false,
	    "helo_refuse", r);
}

int
envelope_helo_own(const struct envelope *e, const char *helo,
    const struct netaddr *local, struct reply *r)
{
	struct netaddr a;
	bool own;

	if (e->set->helo_own == HELO_OWN_ACCEPT || helo[0] == '\0' ||
	    is_trusted(e))
		return 0;
	if (tb_literal(helo, &a) == 0) {
		own = net_same_host(&a, local) || is_our_name(e, helo, &a);
	} else if (is_our_name(e, helo, NULL)) {
		own = true;
	} else {
		enum tb_answer answer = envelope_ours(e, helo, r);

		if (answer == TB_LATER)
			return -1;
		own = answer == TB_FOUND;
	}
	return own ? envelope_no(e, r, REPLY_HELO_OWN, helo, "helo_own") : 0;
}
